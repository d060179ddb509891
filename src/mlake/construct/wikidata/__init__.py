"""Wikidata's data model: from an entity's JSON, however it came, to a folder that a build is made of."""
