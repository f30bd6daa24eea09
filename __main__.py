"""Read the stack's settings, build it, export what others need."""

import atexit
import gc

# All that a program registers stays alive to its end. Looking for garbage meanwhile doubles the
# time of a large stack, imports included, and once more at the exit adds a second (`make bench`).
gc.set_threshold(200_000, 50, 100)
atexit.register(gc.freeze)

import pulumi

from stacks.batch import build
from stacks.program import load_settings
from stacks.reading import SettingsError

try:
    settings = load_settings()
except SettingsError as problem:
    raise pulumi.RunError(str(problem)) from problem

for warning in settings.warnings:
    pulumi.log.warn(warning)
for key, value in build(settings).items():
    pulumi.export(key, value)
