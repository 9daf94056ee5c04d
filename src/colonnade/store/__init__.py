"""Artefacts by digest, the catalogue over them, and the ledger of what was done."""

from colonnade.store.catalogue import Catalogue, Made, Touched
from colonnade.store.ledger import GENESIS, Ledger
from colonnade.store.objects import Objects
from colonnade.store.store import HOME, Store, store_to_read

__all__ = ["GENESIS", "HOME", "Catalogue", "Ledger", "Made", "Objects", "Store", "Touched", "store_to_read"]
