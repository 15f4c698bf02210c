"""What a page is looked at for: faults as sentences, none when all is well."""

import json
import subprocess
from http import HTTPStatus

from tests.browser import tools

# What axe finds in one scheme or size and not in another; all else is the same at the same width.
DRAWN = ["color-contrast", "color-contrast-enhanced", "link-in-text-block", "target-size"]
VIEWS = [
    # width, scheme, text size, rules (all of them where none are named)
    (1280, "light", "normal", None),
    (1280, "dark", "largest", DRAWN),
    (360, "light", "largest", None),
    (360, "dark", "largest", DRAWN),
]
CORNERS = [VIEWS[0], VIEWS[-1]]  # each width, scheme and size once
SIZE = "size => document.documentElement.dataset.textSize = size"
AXE = """async only => {
  const rules = Object.fromEntries(axe.getRules().map(
    r => [r.ruleId, {enabled: !only || only.includes(r.ruleId)}]));
  // What axe would load beforehand it puts into inline styles, which the policy rightly blocks.
  const found = await axe.run(document, {resultTypes: ["violations"], preload: false, rules});
  return found.violations.flatMap(v => v.nodes.map(
    n => `${v.id}: ${v.help}: ${n.target.join(" ")}: ${n.html.slice(0, 160)}`));
}"""
FORM = "main form[method=post]"
QUICK_JAVA = ["-Xss4m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]  # over before more pays
WIDE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const out = [...document.body.querySelectorAll("*")].filter(
    e => e.getBoundingClientRect().right > root.clientWidth + 1);
  return [`${root.scrollWidth} px wide, the screen ${root.clientWidth}: ` +
    out.slice(-3).map(e => e.outerHTML.slice(0, 120)).join(" | ")];
}"""


class Eye:
    """Looks at pages of one browser context and keeps what it sees, by address."""

    def __init__(self, context):
        self.page = context.new_page()
        self.faults = []
        self.served = {}
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._note(f"script error: {error}"))
        self.page.on("requestfailed", self._fail)
        self.page.on("response", self._receive)
        self.axe = tools.pinned()["axe-core"].path.read_text()

    def open(self, url, name):
        """Load the page; keep the HTML as served; return its status, or that it leads on."""
        self.url, self.name = url, name
        response = self.page.goto(url, wait_until="load")
        if response.request.redirected_from:
            return HTTPStatus.FOUND
        if response.headers.get("content-type", "").startswith("text/html"):
            self.served[name] = response.text()
        return response.status

    def look(self, views=VIEWS):
        self.page.evaluate(self.axe)
        for width, scheme, size, rules in views:
            self.page.set_viewport_size({"width": width, "height": 800})
            self.page.emulate_media(color_scheme=scheme)
            self.page.evaluate(SIZE, size)
            for fault in self.page.evaluate(WIDE) + self.page.evaluate(AXE, rules):
                self._note(f"{width} px, {scheme}, {size} text: {fault}")

    def unfold(self):
        """Open what is folded in: the menu of the header."""
        self.page.eval_on_selector_all("details", "all => all.forEach(d => d.open = true)")

    def has_form(self):
        return self.page.query_selector(FORM) is not None

    def send_empty(self):
        """Send the page's form without what it asks for."""
        self.page.eval_on_selector(FORM, "form => form.reset()")
        self.send()

    def send(self):
        """Send the page's form as it is, past the browser's own checks."""
        self.name += ", sent"
        with self.page.expect_navigation() as navigation:
            self.page.eval_on_selector(FORM, "form => (form.noValidate = true, form.submit())")
        self.served[self.name] = navigation.value.text()

    def _note(self, fault):
        self.faults.append(f"{self.name}: {fault}")

    def _fail(self, request):
        # A page that is left stops to load its icon, and to ask how far its work is.
        was_left = request.failure == "net::ERR_ABORTED" and request.url != self.url
        if not (was_left and request.resource_type in ("xhr", "fetch", "image", "other")):
            self._note(f"request failed: {request.url}")

    def _hear(self, message):
        is_own_status = message.location["url"] == self.url and " status of " in message.text
        if message.type in ("error", "warning") and not is_own_status:
            self._note(f"console {message.type}: {message.text}")

    def _receive(self, response):
        if response.status >= 400 and response.url != self.url:
            self._note(f"answered {response.status}: {response.url}")


def faults_of_html(served, folder):
    """Errors and warnings of the HTML checker over all pages: {name: html} → sentences."""
    folder = folder / "html"
    folder.mkdir()
    for number, html in enumerate(served.values()):
        (folder / f"{number}.html").write_text(html)
    jar = tools.pinned()["vnu-jar"].path
    command = ["java", *QUICK_JAVA, "-jar", jar, "--format", "json", "--exit-zero-always", folder]
    # The checker writes its findings to the stream of errors.
    found = subprocess.run(command, capture_output=True, check=True).stderr
    names = list(served)
    return [
        f"{names[int(m['url'].rsplit('/', 1)[1].split('.')[0])]}: HTML {m['type']}: "
        f"{m['message']} {m.get('extract', '').strip()[:200]}"
        for m in json.loads(found)["messages"]
        if m["type"] == "error" or m.get("subType") == "warning"
    ]
