import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from members.models.accounts import User
from members.models.areas import Area
from members.models.encrypted import BlindIndexField, EncryptedField, is_sealed


class MemberQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Members of the user's areas; a member sees only themselves.

        Who asked to be erased is seen by administrators alone.
        """
        if user.member_id:
            return self.filter(pk=user.member_id)
        found = self.filter(area__in=Area.objects.visible_to(user))
        if user.is_superuser:
            return found
        seen = ~Q(standing=Member.Standing.RESTRICTED)
        for path in user.reach("administrator"):
            seen |= Q(area__path__startswith=path)
        return found.filter(seen)

    def here(self):
        """Those whom new work may name: neither restricted nor erased, nor merged into another."""
        return self.filter(standing=Member.Standing.HERE)


class Member(models.Model):
    """A person of one community: a volunteer, an elder, or both."""

    class Sex(models.TextChoices):
        FEMALE = "F", _("female")
        MALE = "M", _("male")

    class Standing(models.TextChoices):
        HERE = "here", _("on record")
        RESTRICTED = "restricted", _("restricted: asked to be erased")
        ERASED = "erased", _("erased")
        MERGED = "merged", _("merged into another record")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(_("member number"), max_length=10, unique=True, editable=False)
    area = models.ForeignKey(
        Area, models.PROTECT, related_name="members", verbose_name=_("community")
    )
    name = models.CharField(_("name"), max_length=60)
    sex = models.CharField(_("sex"), max_length=1, choices=Sex, blank=True)
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    id_number = EncryptedField(_("ID number"), max_length=18, null=True, blank=True)
    id_number_index = BlindIndexField(of="id_number", null=True)
    address = EncryptedField(_("address"), max_length=200, blank=True)
    note = EncryptedField(_("note"), max_length=500, blank=True)
    registered_on = models.DateField(_("registered on"), default=timezone.localdate)
    standing = models.CharField(
        _("standing"),
        max_length=10,
        choices=Standing,
        default=Standing.HERE,
        db_default=Standing.HERE,
        editable=False,
    )
    # The record of the same person that was kept; always the last one where several were merged.
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, related_name="merged"
    )
    created_at = models.DateTimeField(
        default=timezone.now, editable=False, verbose_name=_("recorded at")
    )
    created_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        verbose_name=_("recorded by"),
    )
    changed_at = models.DateTimeField(null=True, editable=False, verbose_name=_("changed at"))
    changed_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        verbose_name=_("changed by"),
    )

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.CheckConstraint(name="members_member_has_a_name", condition=~Q(name="")),
            models.UniqueConstraint(
                fields=["id_number_index"], name="members_member_id_number_is_of_one_person"
            ),
            models.CheckConstraint(
                name="members_member_merged_names_the_record_that_was_kept",
                condition=Q(standing="merged", merged_into__isnull=False)
                | ~Q(standing="merged") & Q(merged_into__isnull=True),
            ),
            models.CheckConstraint(
                name="members_member_is_not_merged_into_itself",
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=models.F("pk")),
            ),
            models.CheckConstraint(
                name="members_member_id_number_has_its_index",
                condition=Q(id_number__isnull=True, id_number_index__isnull=True)
                | Q(id_number__isnull=False, id_number_index__isnull=False),
            ),
            is_sealed("id_number", "members_member_id_number_is_sealed"),
            is_sealed("address", "members_member_address_is_sealed"),
            is_sealed("note", "members_member_note_is_sealed"),
        ]

    def __str__(self):
        return self.name

    @cached_property
    def phone(self):
        """The first number on record, empty without one; `members.search` loads it beside."""
        first = self.phones.order_by("pk").first()
        return first.number if first else ""

    @property
    def end(self):
        """What tells namesakes apart: the end of the phone number, or else of the member number."""
        return (self.phone or self.number)[-4:]

    def age_on(self, day):
        """Full years on `day`; None when the birth date is not on record."""
        if self.birth_date is None:
            return None
        born = self.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class MemberPhone(models.Model):
    """A phone of a member; several people may share one."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="phones")
    number = EncryptedField(_("phone"), max_length=20)
    number_index = BlindIndexField(of="number", db_index=True)

    class Meta:
        verbose_name = _("phone")
        verbose_name_plural = _("phones")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "number_index"], name="members_memberphone_is_listed_once"
            ),
            is_sealed("number", "members_memberphone_number_is_sealed"),
        ]

    def __str__(self):
        return self.number


class Volunteer(models.Model):
    """The volunteer's side of a member."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.OneToOneField(
        Member, models.CASCADE, related_name="volunteer", verbose_name=_("member")
    )
    joined_on = models.DateField(_("joined on"), null=True, blank=True)
    skills = ArrayField(models.CharField(max_length=40), default=list, verbose_name=_("skills"))
    note = EncryptedField(_("note"), max_length=500, blank=True)
    guardian_name = models.CharField(_("guardian"), max_length=60, blank=True)
    guardian_relation = models.CharField(_("guardian's relation"), max_length=40, blank=True)
    guardian_phone = EncryptedField(_("guardian's phone"), max_length=20, blank=True)
    guardian_consent_on = models.DateField(_("guardian's consent signed on"), null=True, blank=True)

    class Meta:
        verbose_name = _("volunteer")
        verbose_name_plural = _("volunteers")
        constraints = [
            models.CheckConstraint(
                name="members_volunteer_guardian_is_told_whole",
                condition=Q(guardian_name="", guardian_relation="", guardian_consent_on=None)
                | ~Q(guardian_name="") & ~Q(guardian_relation="") & ~Q(guardian_consent_on=None),
            ),
            is_sealed("note", "members_volunteer_note_is_sealed"),
            is_sealed("guardian_phone", "members_volunteer_guardian_phone_is_sealed"),
        ]

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

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.OneToOneField(
        Member, models.CASCADE, related_name="elder", verbose_name=_("member")
    )
    living = models.CharField(_("living"), max_length=15, choices=Living, blank=True)
    income = EncryptedField(_("income"), max_length=18, choices=Income, blank=True)
    capability = EncryptedField(_("capability"), max_length=15, choices=Capability, blank=True)
    contact_name = models.CharField(_("emergency contact"), max_length=60, blank=True)
    contact_relation = models.CharField(_("relation"), max_length=40, blank=True)
    contact_phone = EncryptedField(_("contact's phone"), max_length=20, blank=True)

    # Empty-nest means alone or with the spouse only (DOMAIN rules, eligibility).
    WITHOUT_CHILDREN = (Living.ALONE, Living.EMPTY_NEST, Living.WITH_SPOUSE)

    class Meta:
        verbose_name = _("elder")
        verbose_name_plural = _("elders")
        constraints = [
            is_sealed("income", "members_elder_income_is_sealed"),
            is_sealed("capability", "members_elder_capability_is_sealed"),
            is_sealed("contact_phone", "members_elder_contact_phone_is_sealed"),
        ]

    def __str__(self):
        return str(self.member)
