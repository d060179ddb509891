"""Wikidata over the network: its settings, a polite client, and what is fetched with it."""
