import uuid

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Concat
from django.utils import timezone
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
        "self", models.PROTECT, null=True, blank=True, related_name="children"
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


class User(AbstractUser):
    """Somebody who signs in: staff by password, a member by phone and code.

    `members.backends.RolesBackend` reads `_roles` along with the user of a request.
    """

    member = models.OneToOneField(
        "Member", models.PROTECT, null=True, blank=True, related_name="user"
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                name="members_user_is_staff_or_a_member",
                condition=Q(member__isnull=True) | Q(is_staff=False, is_superuser=False),
            )
        ]

    def __str__(self):
        return self.get_full_name() or self.username

    def reach(self):
        """Paths of the areas that this user's roles cover."""
        return [path for _role, path in self._held()]

    def has_role(self, *roles, area=None):
        """Whether the user holds one of the roles, in `area` or above it when an area is given."""
        return any(
            role in roles and (area is None or area.path.startswith(path))
            for role, path in self._held()
        )

    def _held(self):
        """Roles with the paths of their areas."""
        if not hasattr(self, "_roles"):
            self._roles = list(self.roles.values_list("role", "area__path"))
        return self._roles


class StaffRole(models.Model):
    """What a staff account may do, and where: the area and all below it."""

    class Role(models.TextChoices):
        CLERK = "clerk", _("clerk")
        CHECKER = "checker", _("checker")
        COORDINATOR = "coordinator", _("coordinator")
        ADMINISTRATOR = "administrator", _("administrator")
        AUDITOR = "auditor", _("auditor")

    user = models.ForeignKey(User, models.CASCADE, related_name="roles")
    area = models.ForeignKey(Area, models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=13, choices=Role)

    class Meta:
        verbose_name = _("staff role")
        verbose_name_plural = _("staff roles")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "area", "role"], name="members_staffrole_is_given_once"
            )
        ]

    def __str__(self):
        return f"{self.user} · {self.get_role_display()} · {self.area}"


class MemberQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Members of the user's areas; a member sees only themselves."""
        if user.member_id:
            return self.filter(pk=user.member_id)
        return self.filter(area__in=Area.objects.visible_to(user))


class Member(models.Model):
    """A person of one community: a volunteer, an elder, or both."""

    class Sex(models.TextChoices):
        FEMALE = "F", _("female")
        MALE = "M", _("male")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(_("member number"), max_length=10, unique=True, editable=False)
    area = models.ForeignKey(
        Area, models.PROTECT, related_name="members", verbose_name=_("community")
    )
    name = models.CharField(_("name"), max_length=60)
    sex = models.CharField(_("sex"), max_length=1, choices=Sex, blank=True)
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    id_number = models.CharField(_("ID number"), max_length=18, null=True, blank=True, unique=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    registered_on = models.DateField(_("registered on"), default=timezone.localdate)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )
    changed_at = models.DateTimeField(null=True, editable=False)
    changed_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.CheckConstraint(name="members_member_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="members_member_id_number_is_not_empty",
                condition=Q(id_number__isnull=True) | ~Q(id_number=""),
            ),
        ]

    def __str__(self):
        return self.name

    def age_on(self, day):
        """Full years on `day`; None when the birth date is not on record."""
        if self.birth_date is None:
            return None
        born = self.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class MemberPhone(models.Model):
    """A phone of a member; several people may share one."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="phones")
    number = models.CharField(_("phone"), max_length=20, db_index=True)

    class Meta:
        verbose_name = _("phone")
        verbose_name_plural = _("phones")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "number"], name="members_memberphone_is_listed_once"
            )
        ]

    def __str__(self):
        return self.number


class SearchTerm(models.Model):
    """One key under which a member is found: name, initials, full pinyin, end of phone, number.

    A row a key, so that every search is a prefix read of one b-tree, the same read for each side;
    bytes are compared ("C"), so the index is also in the order of the answer. Written by
    `members.search`.
    """

    member = models.ForeignKey(Member, models.CASCADE, related_name="terms")
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", db_index=False)
    term = models.CharField(max_length=120, db_collation="C")
    is_volunteer = models.BooleanField(default=False)
    is_elder = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["area", "term", "member"], name="members_searchterm_is_listed_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["area", "term"],
                include=["member"],
                condition=Q(is_volunteer=True),
                name="members_searchterm_volunteers",
            ),
            models.Index(
                fields=["area", "term"],
                include=["member"],
                condition=Q(is_elder=True),
                name="members_searchterm_elders",
            ),
        ]


class Volunteer(models.Model):
    """The volunteer's side of a member."""

    member = models.OneToOneField(Member, models.CASCADE, related_name="volunteer")
    joined_on = models.DateField(_("joined on"), null=True, blank=True)
    skills = ArrayField(models.CharField(max_length=40), default=list, verbose_name=_("skills"))
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("volunteer")
        verbose_name_plural = _("volunteers")

    def __str__(self):
        return str(self.member)


class Elder(models.Model):
    """The elder's side of a member: what decides eligibility, and whom to call."""

    class Living(models.TextChoices):
        ALONE = "alone", _("living alone")
        EMPTY_NEST = "empty_nest", _("empty-nest")
        WITH_SPOUSE = "with_spouse", _("with spouse")
        WITH_CHILDREN = "with_children", _("with children")
        INSTITUTION = "institution", _("in an institution")
        OTHER = "other", _("other")

    class Income(models.TextChoices):
        ORDINARY = "ordinary", _("ordinary")
        MINIMUM_ALLOWANCE = "minimum_allowance", _("minimum living allowance")
        DESTITUTE = "destitute", _("destitute support")

    class Capability(models.TextChoices):
        SELF_CARING = "self_caring", _("self-caring")
        SEMI_DISABLED = "semi_disabled", _("semi-disabled")
        DISABLED = "disabled", _("disabled")

    member = models.OneToOneField(Member, models.CASCADE, related_name="elder")
    living = models.CharField(_("living"), max_length=15, choices=Living, blank=True)
    income = models.CharField(_("income"), max_length=18, choices=Income, blank=True)
    capability = models.CharField(_("capability"), max_length=15, choices=Capability, blank=True)
    contact_name = models.CharField(_("emergency contact"), max_length=60, blank=True)
    contact_relation = models.CharField(_("relation"), max_length=40, blank=True)
    contact_phone = models.CharField(_("contact's phone"), max_length=20, blank=True)

    # Empty-nest means alone or with the spouse only (DOMAIN rules, eligibility).
    WITHOUT_CHILDREN = (Living.ALONE, Living.EMPTY_NEST, Living.WITH_SPOUSE)

    class Meta:
        verbose_name = _("elder")
        verbose_name_plural = _("elders")

    def __str__(self):
        return str(self.member)


class SignInCode(models.Model):
    """A six-digit code sent to a phone; only its hash is kept."""

    phone = models.CharField(max_length=20)
    code_hash = models.CharField(max_length=200)
    sent_at = models.DateTimeField(default=timezone.now)
    address = models.GenericIPAddressField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["phone", "-sent_at"], name="members_code_by_phone"),
            models.Index(fields=["sent_at"], name="members_code_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                name="members_signincode_is_tried_at_most_five_times", condition=Q(tries__lte=5)
            )
        ]


class FailedSignIn(models.Model):
    """A wrong password of a staff account; five from one address in 15 minutes lock it there."""

    account = models.CharField(max_length=150)
    address = models.GenericIPAddressField(null=True)
    failed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["account", "-failed_at"], name="members_failure_by_account")
        ]
