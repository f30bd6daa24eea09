"""Arithmetic and documents as pure functions: no Pulumi, no library, nobody to ask."""
