"""Fields whose values the database holds sealed, and the blind indexes beside them.

In Python a sealed field reads and writes as the text that it is; it is opened when it is first
asked for. No query can look into it: equality is asked of its blind index.
"""

import json
from typing import Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.models import F, Func
from django.db.models.lookups import Exact, In
from django.db.models.query_utils import DeferredAttribute

from members import encryption


class Sealed(bytes):
    """A value as the database holds it, not opened yet."""


class Blank(Exact):
    """`filter(id_number=None)`, `filter(warnings=[])`, and no comparison with a text: that is
    what the index is for."""

    def get_prep_lookup(self) -> Any:
        if self.rhs is None:
            return None
        if self.lhs.output_field.is_blank(self.rhs):
            return b""
        raise FieldError("A sealed value is not compared: ask its blind index.")


class SealedAttribute(DeferredAttribute):
    """Opens a sealed value when it is read; what is written is sealed when it is saved."""

    field: "EncryptedField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = self.field.opened(value, instance)
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        if isinstance(value, bytes | memoryview):
            value = Sealed(value)
        instance.__dict__[self.field.attname] = value


class EncryptedField(models.CharField):
    """Text that is sealed for its table, column and row; `bound_to` names what tells the row.

    Those fields have a value before the row is written, and never change. A blank text is kept
    as no bytes. To be saved row by row: an `update()` of many rows at once is refused.
    """

    descriptor_class = SealedAttribute

    def __init__(self, *args: Any, bound_to: tuple[str, ...] = ("key",), **options: Any) -> None:
        super().__init__(*args, **options)
        self.bound_to = bound_to

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "bound_to": self.bound_to}

    def db_type(self, connection: Any) -> str:
        return "bytea"

    def get_lookup(self, lookup_name: str) -> Any:
        """Only whether there is a value can be asked."""
        if lookup_name == "exact":
            return Blank
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def pre_save(self, instance: Any, add: bool) -> Sealed | None:
        return self.sealed(instance.__dict__.get(self.attname), instance)

    def get_db_prep_save(self, value: Any, connection: Any) -> bytes | None:
        if value is None or isinstance(value, Sealed):
            return None if value is None else bytes(value)
        if not value:
            return b""
        raise TypeError(f"{self.name} is sealed for a row: save the row, or seal the value first")

    def value_to_string(self, obj: Any) -> str:
        return self.written(self.value_from_object(obj))

    def sealed(self, value: Any, instance: Any) -> Sealed | None:
        """The value for the row of `instance`, as it is stored."""
        if value is None or isinstance(value, Sealed):
            return value
        if self.is_blank(value):
            return Sealed()
        return Sealed(encryption.seal(self.written(value), self.place_in(instance)))

    def opened(self, value: Sealed, instance: Any) -> Any:
        """What was sealed for the row of `instance`. Raises Unreadable."""
        if not value:
            return self.blank_value()
        return self.read(encryption.unseal(value, self.place_in(instance)))

    def place_in(self, instance: Any) -> bytes:
        identity = [getattr(instance, name) for name in self.bound_to]
        if None in identity:
            raise TypeError(f"{self.name} cannot be sealed before {self.bound_to} are known")
        row = "/".join(str(part) for part in identity)
        return encryption.place(self.model._meta.db_table, self.column, row)

    def is_blank(self, value: Any) -> bool:
        return bool(value == "")

    def blank_value(self) -> Any:
        return ""

    def written(self, value: Any) -> str:
        return str(value)

    def read(self, text: str) -> Any:
        return text


class EncryptedJSONField(EncryptedField):
    """The same for what JSON can hold; an empty list or dictionary is kept as no bytes."""

    def to_python(self, value: Any) -> Any:
        return value

    def is_blank(self, value: Any) -> bool:
        return bool(value == self.get_default())

    def blank_value(self) -> Any:
        return self.get_default()

    def written(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def read(self, text: str) -> Any:
        return json.loads(text)


class BlindIndexField(models.BinaryField):
    """The keyed hash of a text: of the sealed field `of` beside it, or of what it is given.

    Looked up by the text itself: `filter(number_index="13808712345")`. When the field `of` is
    saved by `update_fields`, its index has to be named too.
    """

    def __init__(self, *args: Any, of: str = "", **options: Any) -> None:
        super().__init__(*args, **{**options, "max_length": encryption.INDEX_BYTES})
        self.of = of

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        options.pop("max_length")
        return name, path, args, {**options, "of": self.of}

    def pre_save(self, instance: Any, add: bool) -> Any:
        value = instance.__dict__.get(self.of or self.attname)
        if isinstance(value, Sealed):  # the text was not touched, nor is its index
            value = instance.__dict__.get(self.attname)
        value = self.get_prep_value(value)
        setattr(instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        return self.candidates(value)[0] if isinstance(value, str) else value

    def candidates(self, text: str) -> list[bytes]:
        """Every index under which the text may be found; the one to be written first."""
        return encryption.indexes(text, self.model._meta.db_table, self.column)


@BlindIndexField.register_lookup
class Same(Exact):
    """Equal to a text by any of the keys, so that rows stay found while the key changes."""

    def get_prep_lookup(self) -> Any:
        if isinstance(self.rhs, str):
            return self.lhs.output_field.candidates(self.rhs)
        return super().get_prep_lookup()

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        if not isinstance(self.rhs, list):
            return super().as_sql(compiler, connection)
        lhs, values = self.process_lhs(compiler, connection)
        return f"{lhs} IN ({', '.join(['%s'] * len(self.rhs))})", [*values, *self.rhs]


@BlindIndexField.register_lookup
class SameAsOneOf(In):
    """Equal to one of several texts."""

    def get_prep_lookup(self) -> Any:
        if self.rhs_is_direct_value():
            return [
                index
                for text in self.rhs
                for index in (
                    self.lhs.output_field.candidates(text) if isinstance(text, str) else [text]
                )
            ]
        return super().get_prep_lookup()


def is_sealed(column: str, name: str) -> models.CheckConstraint:
    """That nothing but sealed values (or none) can be in the column of this field."""
    return models.CheckConstraint(
        name=name,
        condition=models.Q(
            Func(F(column), function="members_is_sealed", output_field=models.BooleanField())
        ),
    )
