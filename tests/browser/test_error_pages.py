"""The pages that nobody routes: errors, and a form whose check did not fit."""

import pytest

from members.models import SignInCode
from tests.browser.looking import Eye, faults_of_html

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.urls("tests.browser.error_urls")
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_error_page_is_sound(language, live_server, context, tmp_path):
    context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
    eye = Eye(context)

    for status in (400, 403, 404, 500):
        assert eye.open(f"{live_server.url}/{status}/", f"{language} {status}") == status
        eye.look()

    faults = eye.faults + faults_of_html(eye.served, tmp_path)
    assert not faults, "\n" + "\n".join(faults)


def test_a_form_whose_check_did_not_fit_is_sent_once_more(live_server, context, tmp_path):
    eye = Eye(context)
    eye.open(f"{live_server.url}/sign-in/", "sign_in")
    eye.page.locator("main input:visible").fill("13888880001")
    context.clear_cookies()

    eye.send()
    eye.look()
    title = eye.page.locator("h1").inner_text()
    eye.page.locator("main form button").click()

    assert title in ("请再按一次", "One more press, please")
    eye.page.wait_for_url("**/sign-in/code/")
    assert SignInCode.objects.filter(phone="13888880001").exists()
    assert not eye.faults + faults_of_html(eye.served, tmp_path)
