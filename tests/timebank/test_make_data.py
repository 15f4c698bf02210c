from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from ledger.models import Balance, Entry
from members import id_numbers, search
from members.models import Area, Elder, Member, SearchTerm, Volunteer
from services.models import Visit
from timebank import invention

TODAY = date(2026, 11, 23)


def invent(count=400, seed=3):
    return list(invention.people(count, seed=seed, today=TODAY, taken=set()))


def test_the_same_seed_invents_the_same_people():
    assert invent() == invent()
    assert invent() != invent(seed=4)


def test_invented_people_are_plausible():
    people = invent()

    volunteers = sum(person.is_volunteer for person in people)
    elders = [person for person in people if person.is_elder]
    assert 0.3 < volunteers / len(people) < 0.5
    assert 0.5 < len(elders) / len(people) < 0.7
    assert all(TODAY.year - person.born.year >= 60 for person in elders)
    numbers = [person.id_number for person in people if person.id_number]
    assert len(set(numbers)) == len(numbers)
    for person in people:
        if person.id_number:
            assert id_numbers.check(person.id_number)[1:3] == (person.born, person.sex)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_made_database_can_be_worked_with(capsys):
    call_command("make_data", members=300, visits=500, communities=6, verbosity=0)

    assert Area.objects.communities().count() == 6
    assert Member.objects.count() == 300
    assert Volunteer.objects.count() + Elder.objects.count() >= 300
    member = Member.objects.filter(phones__isnull=False).order_by("pk")[0]
    assert member in search.find(member.name, areas=Area.objects.within(member.area), limit=50)
    assert SearchTerm.objects.filter(is_volunteer=True, is_elder=True).exists()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_made_visits_have_their_hours_in_a_clean_ledger(capsys):
    call_command("make_data", members=300, visits=500, verbosity=0)

    visits = Visit.objects.standing()
    banked = visits.aggregate(total=Sum("banked_minutes"))["total"]
    assert 450 <= visits.count() <= 500
    assert visits.filter(journal=None).exists()
    assert Balance.objects.filter(account_id__gt=1000).aggregate(s=Sum("posted"))["s"] == banked
    assert Entry.objects.aggregate(total=Sum("amount"))["total"] == 0
    call_command("verify_ledger")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_same_people_are_made_once_and_others_beside_them(capsys):
    call_command("make_data", members=50)

    with pytest.raises(CommandError, match="seed"):
        call_command("make_data", members=50)
    call_command("make_data", members=50, seed=2)

    assert Member.objects.count() == 100
