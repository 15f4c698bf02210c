import pytest
from hypothesis import given
from hypothesis import strategies as st

from members import names

CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("王秀英", "王秀英"),
        (" 王 秀 英 ", "王秀英"),
        ("李　国", "李国"),
        ("王\n秀英", "王秀英"),
        ("Ｊｏｈｎ  Smith", "John Smith"),
        ("阿依古丽 • 买买提", "阿依古丽·买买提"),
        ("阿依古丽・买买提", "阿依古丽·买买提"),
        ("王\u200b秀\u202e英", "王秀英"),
        ("王A芳", "王A芳"),
        ("", ""),
    ],
)
def test_a_name_is_kept_in_one_form(written, kept):
    assert names.clean(written) == kept


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("王秀英", [("wxy", "wangxiuying")]),
        ("吕国", [("lg", "lvguo")]),
        ("曾秀英", [("zxy", "zengxiuying"), ("cxy", "cengxiuying")]),
        ("单雄信", [("sxx", "shanxiongxin"), ("dxx", "danxiongxin")]),
        ("解放", [("xf", "xiefang"), ("jf", "jiefang")]),
        ("仇英", [("qy", "qiuying"), ("cy", "chouying")]),
        ("朴正", [("pz", "piaozheng"), ("pz", "puzheng")]),
        ("查良", [("zl", "zhaliang"), ("cl", "chaliang")]),
        ("盖聂", [("gn", "genie"), ("gn", "gainie")]),
        ("区大", [("od", "ouda"), ("qd", "quda")]),
        ("任平", [("rp", "renping")]),
        ("欧阳修", [("oyx", "ouyangxiu")]),
        ("尉迟恭", [("ycg", "yuchigong")]),
        ("John Smith", [("js", "johnsmith")]),
        ("阿依古丽·买买提", [("ayglmmt", "ayigulimaimaiti")]),
    ],
)
def test_a_name_has_its_readings(name, expected):
    assert names.readings(name) == expected


@pytest.mark.parametrize(
    ("name", "surname", "rest"),
    [
        ("王秀英", "王", "秀英"),
        ("欧阳修", "欧阳", "修"),
        ("单于", "单", "于"),
        ("John Smith", "John", "Smith"),
    ],
)
def test_a_name_is_split_after_its_surname(name, surname, rest):
    assert names.split(name) == (surname, rest)


def test_a_given_name_of_one_character_has_no_reading_of_its_own():
    assert names.given_reading("李国") is None
    assert names.given_reading("李建国") == ("jg", "jianguo")


@given(CHINESE)
def test_initials_have_one_letter_for_each_character(name):
    for reading in names.readings(name):
        assert len(reading.initials) == len(name)
        assert reading.pinyin.startswith(reading.initials[0])


@given(st.text(max_size=40))
def test_cleaning_twice_changes_nothing_and_nothing_breaks_it(text):
    once = names.clean(text)

    assert names.clean(once) == once
    assert names.bare(once) == names.bare(text)
    assert names.readings(text)
