"""The commands, a module for each thing that people want to do."""
