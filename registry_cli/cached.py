"""A property that is computed once for each object, without a lock: a forked child could find that taken for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from functools import cached_property
else:

    class cached_property:  # noqa: N801  # it stands for `functools.cached_property`, which has no lock from 3.12 on
        """Calls a method when first asked, and puts what it returned in its place."""

        def __init__(self, method):
            self._method = method
            self.__doc__ = method.__doc__

        def __set_name__(self, owner, name):
            self._name = name

        def __get__(self, one, owner=None):
            if one is None:
                return self
            value = one.__dict__[self._name] = self._method(one)
            return value


__all__ = ["cached_property"]
