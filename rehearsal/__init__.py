"""Rehearse a stack on this machine: an embedded AWS, a provider for it, and a day of its life."""
