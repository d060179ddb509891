"""The site: what stands in ``docs`` and what is made of the code and of stored runs, as pages."""
