from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Concat
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class AreaQuerySet(models.QuerySet):
    def within(self, area):
        """The area itself and all below it."""
        return self.filter(path__startswith=area.path)

    def visible_to(self, user):
        """The areas that the user's roles reach; none for a member."""
        if user.is_superuser:
            return self
        reach = Q(pk__in=[])
        for path in user.reach():
            reach |= Q(path__startswith=path)
        return self.filter(reach)

    def communities(self):
        return self.filter(level=Area.Level.COMMUNITY)


class Area(models.Model):
    """A district, a subdistrict or a community; together they form a tree by materialized path."""

    class Level(models.TextChoices):
        DISTRICT = "district", _("district")
        SUBDISTRICT = "subdistrict", _("subdistrict")
        COMMUNITY = "community", _("community")

    code = models.CharField(
        _("code"), max_length=12, unique=True, validators=[RegexValidator(r"^\d{12}$")]
    )
    name_zh = models.CharField(_("Chinese name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=80)
    level = models.CharField(_("level"), max_length=12, choices=Level)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("lies in"),
    )
    path = models.CharField(max_length=60, unique=True, editable=False)

    objects = AreaQuerySet.as_manager()

    class Meta:
        verbose_name = _("area")
        verbose_name_plural = _("areas")
        constraints = [
            models.CheckConstraint(
                name="members_area_path_ends_with_code",
                condition=Q(path__endswith=Concat("code", models.Value("/"))),
            ),
            models.CheckConstraint(
                name="members_area_only_a_district_has_no_parent",
                condition=Q(parent__isnull=True, level="district")
                | Q(parent__isnull=False) & ~Q(level="district"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["path"], name="members_area_path_prefix", opclasses=["text_pattern_ops"]
            )
        ]

    def __str__(self):
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh
