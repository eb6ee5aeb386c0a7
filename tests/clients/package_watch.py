"""Lists the public interface of redash-toolbelt and notes what of it was called.

Public is what has no leading underscore: functions and methods of every module, commands too.
"""
import functools
import importlib
import inspect
import pkgutil
import sys
import types
from datetime import datetime

import click

# `find_table_names` imports pytest, uses nothing of it, and the package does not say that it needs it.
sys.modules.setdefault("pytest", types.ModuleType("pytest"))

import redash_toolbelt  # noqa: E402
from redash_toolbelt import date_ranges, examples  # noqa: E402


class Day(datetime):
    """The package cannot tell the week before the first one of a year, so that the day is a fixed one."""

    @classmethod
    def today(cls):
        return datetime(2026, 3, 18, 12, 30)


date_ranges.datetime = Day


def modules():
    names = ["redash_toolbelt.client", "redash_toolbelt.date_ranges"]
    names += [examples.__name__ + "." + found.name for found in pkgutil.iter_modules(examples.__path__)]
    return [importlib.import_module(name) for name in names]


class Watch:
    """What is there, and what of it was not called."""

    def __init__(self):
        self.missing = set()
        for module in modules():
            self._watch(module, module.__name__.split(".")[-1])

    def _watch(self, owner, path):
        for name, member in list(vars(owner).items()):
            if name.startswith("_"):
                continue
            full = path + "." + name
            if isinstance(member, click.Command):
                if inspect.getmodule(member.callback) is owner:
                    member.callback = self._noted(full, member.callback)
            elif inspect.getmodule(member) is not (owner if inspect.ismodule(owner) else inspect.getmodule(owner)):
                continue
            elif inspect.isclass(member):
                self._watch(member, full)
            elif inspect.isfunction(member):
                setattr(owner, name, self._noted(full, member))

    def _noted(self, full, function):
        self.missing.add(full)

        @functools.wraps(function)
        def call(*args, **more):
            self.missing.discard(full)
            return function(*args, **more)

        return call
