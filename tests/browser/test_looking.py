"""Each check of the walk goes red on the fault it is there for."""

import pytest

from tests.browser.looking import Eye, faults_of_html

pytestmark = pytest.mark.browser

GOOD = """<!doctype html><html lang="en" data-text-size="normal"><head><meta charset="utf-8">
<title>Page</title><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"></head><body><main><h1>Page</h1><p>Some words.</p>{}</main></body>
</html>"""
FAULTS = {
    "an inline style": ('<p style="color: red">Red.</p>', "Content Security Policy"),
    "an inline script": ("<script>1</script>", "Content Security Policy"),
    "an inline handler": ('<button onclick="x()">Go</button>', "Content Security Policy"),
    "a wide element": ('<hr width="2000">', "px wide, the screen"),
    "a missing label": ('<input type="text">', "label: Form elements must have labels"),
    "a missing file": ('<img src="/missing.png" alt="">', "answered 404"),
    "pale text": ('<p><font color="#666">Pale.</font></p>', "color-contrast-enhanced"),
}


@pytest.fixture
def eye(context):
    def serve(route):
        if route.request.url.endswith(".png"):
            return route.fulfill(status=404)
        policy = "default-src 'none'; img-src 'self' data:"
        headers = {"Content-Security-Policy": policy, "Content-Type": "text/html"}
        return route.fulfill(body=eye.html, headers=headers)

    context.route("**/*", serve)
    eye = Eye(context)
    return eye


@pytest.mark.parametrize("fault", FAULTS)
def test_the_eye_sees(fault, eye):
    part, words = FAULTS[fault]
    eye.html = GOOD.format(part)

    eye.open("http://page.test/", "page")
    eye.look()

    assert any(words in found for found in eye.faults), eye.faults


def test_the_eye_finds_no_fault_in_a_good_page(eye):
    eye.html = GOOD.format("")

    eye.open("http://page.test/", "page")
    eye.look()

    assert eye.faults == []


def test_the_checker_of_html_names_the_page_and_the_error(tmp_path):
    served = {"good": GOOD.format(""), "bad": GOOD.format("<p><div>In a paragraph.</div></p>")}

    faults = faults_of_html(served, tmp_path)

    assert faults
    assert all(fault.startswith("bad: HTML error") for fault in faults)
