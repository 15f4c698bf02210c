from django.db import models
from django.db.models import Q

from members.models.areas import Area
from members.models.people import Member


class SearchTerm(models.Model):
    """One key under which a member is found: name, initials, full pinyin, end of phone, number.

    A row a key, in the list of the community and in that of the district, so that every search is a
    prefix read of one b-tree, the same read for each side; bytes are compared ("C"), so the index
    is also in the order of the answer. Written by `members.search`.
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
