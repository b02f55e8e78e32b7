"""Service accounts over HTTP: who the programs of a product are, for administrators."""
