"""The wall and the card in a real Chromium: what needs a person is found, understood and answered by keys."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from benchmarks.stage import Stage
from streaming.events import AlertUpdate, Severity, Tick, Verdict
from tests.browser.pages import Console, chromium, open_console
from tests.browser.staged import Staged, judged, said, trouble
from tests.running import Running, running, settings_for

pytestmark = pytest.mark.browser

SLOW = 30_000
WEB = Path(__file__).parents[2] / "service" / "web"
LONG = "Maximiliane-Alexandra Wolfeschlegelsteinhausenbergerdorff von und zu Hohenstein-Sigmaringen"
ARABIC = "عبد الرحمن بن محمد العبدالله"


@asynccontextmanager
async def wall(tmp_path: Path, **options: Any) -> AsyncIterator[tuple[Running, Console]]:
    async with running(settings_for(tmp_path)) as service, chromium() as browser:
        console = await open_console(browser, service.http, **options)
        await console.phase("live")
        yield service, console
        assert await console.faults() == []


async def order(console: Console) -> list[str]:
    """The calls on the wall from top to bottom, as drawn."""
    ids: list[str] = await console.page.evaluate(
        "[...document.querySelectorAll('[data-row]')]"
        ".sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)"
        ".map((row) => row.dataset.row)"
    )
    return ids


async def settled(console: Console, wanted: list[str]) -> None:
    """The order once nothing slides any more."""
    for _ in range(100):
        if await order(console) == wanted:
            return
        await asyncio.sleep(0.1)
    assert await order(console) == wanted


async def test_the_call_that_needs_somebody_rises_and_is_answered_by_keys_alone(tmp_path: Path) -> None:
    async with wall(tmp_path) as (service, console):
        calm = await Staged(service, "calm", agent="Ada").begin()
        bad = await Staged(service, "bad", agent="Bo", customer_name="Ms Sato").begin()
        await settled(console, ["calm", "bad"])
        upset = said("c1", "this is the third time", 5.0)
        await bad.tell(upset, judged("emotion.frustration", upset, Verdict.OBSERVED, level=1.6), *trouble())
        await settled(console, ["bad", "calm"])
        row = console.row("bad")
        await expect(row).to_contain_text("Steady the conversation")
        await expect(row).to_contain_text("you need to calm down")
        await expect(row.get_by_test_id("row-mood")).to_have_attribute("data-mood", "very")
        # Nobody has chosen a call: the page shows the one that needs somebody, its quote and its lines.
        await expect(console.get("assist-head")).to_contain_text("Bo")
        await expect(console.get("alert-quote").last).to_have_text("you need to calm down")
        await expect(console.get("alert-meaning")).to_contain_text(
            "A frustrated customer is answered steadily"
        )
        await expect(console.get("card-policy")).to_contain_text("comes at once")
        assert await console.barriers() == []
        lines = console.get("whisper-prepared")
        wanted = await lines.first.locator("[dir=auto]").inner_text()
        await console.page.keyboard.press("Shift+Digit1")
        # Nobody owns a staged call, so the service takes the whisper and no phone confirms it.
        await expect(console.get("whisper-state").first).to_have_attribute("data-state", re.compile("sen"))
        assert wanted in await console.page.get_by_role("list", name="Whispers sent").inner_text()
        await console.page.keyboard.press("2")
        await expect(console.get("whisper-input")).to_be_focused()
        assert await console.get("whisper-input").input_value() != ""
        await console.page.keyboard.press("Escape")
        await console.page.keyboard.press("j")
        await expect(console.get("assist-head")).to_contain_text("Ada")
        await console.page.keyboard.press("g")
        await expect(console.get("assist-head")).to_contain_text("Bo")
        await console.page.keyboard.press("o")
        await expect(console.get("transcript")).to_contain_text("you need to calm down")
        assert console.page.url.endswith("#/calls/bad")
        await console.page.keyboard.press("Escape")
        await expect(console.get("transcript")).to_have_count(0)
        await calm.tell(Tick(at=2.0))


async def test_nothing_moves_under_the_pointer_neither_rows_nor_the_card(tmp_path: Path) -> None:
    async with wall(tmp_path) as (service, console):
        calls = {
            name: await Staged(service, name, agent=name.title()).begin() for name in ("ann", "ben", "cy")
        }
        await settled(console, ["ann", "ben", "cy"])
        await console.row("ann").hover()
        await calls["cy"].tell(*trouble())
        await expect(console.row("cy")).to_contain_text("Steady the conversation")
        assert await order(console) == ["ann", "ben", "cy"]
        await console.get("alert-card").hover()
        await settled(console, ["cy", "ann", "ben"])

        shown = await console.get("alert-card").get_attribute("data-alert")
        line = said("a20", "that is not my problem", 20.0)
        worse = judged("courtesy.please_thanks", line, Verdict.HARMFUL)
        _, _, newer = trouble(20.0)
        await calls["cy"].tell(line, worse, AlertUpdate(id=str(shown), at=20.0, state="expired"))
        await calls["cy"].tell(type(newer)(**{**_fields(newer), "id": "emotion.leakage#2", "title": "Newer"}))
        await expect(console.get("newer-card")).to_contain_text("Newer")
        await expect(console.get("alert-card")).to_have_attribute("data-alert", str(shown))
        await console.get("newer-card").click()
        await expect(console.get("alert-title")).to_have_text("Newer")


def _fields(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


async def test_teams_and_search_narrow_the_wall_and_are_kept_in_every_tab(tmp_path: Path) -> None:
    async with wall(tmp_path) as (service, console):
        for name, team in (("g1", "Garage"), ("g2", "Garage"), ("d1", "Delivery")):
            await Staged(service, name, agent=f"Agent {name}", team=team).begin()
        await settled(console, ["g1", "g2", "d1"])
        await console.page.keyboard.press("t")
        await settled(console, ["d1", "g1", "g2"])
        await console.page.locator('[data-testid="team"][data-team="Garage"]').click()
        await settled(console, ["g1", "g2"])
        other = Console(await console.page.context.new_page())
        await other.page.goto(service.http)
        await settled(other, ["g1", "g2"])
        await other.get("all-teams").click()
        await settled(console, ["d1", "g1", "g2"])  # the other tab's choice
        await console.page.keyboard.press("/")
        await console.page.keyboard.type("agent G2")
        await settled(console, ["g2"])
        await console.page.keyboard.type(" nobody")
        await expect(console.get("none-found")).to_contain_text("3 live calls are hidden")
        await console.page.keyboard.press("Escape")
        await settled(console, ["d1", "g1", "g2"])


async def test_what_became_of_an_answered_card_is_shown_with_the_agents_words(tmp_path: Path) -> None:
    async with wall(tmp_path) as (service, console):
        call = await Staged(service, "f", agent="Bo").begin()
        await call.tell(*trouble())
        await call.tell(AlertUpdate(id="emotion.leakage#1", at=14.0, state="acked", by="Eve", useful=True))
        follow = console.get("follow")
        await expect(follow).to_have_attribute("data-follow", "watching")
        await expect(follow).to_contain_text("Watching until 1:12")
        better = said("a12", "I am sorry that this took three calls", 20.0)
        await call.tell(better, judged("emotion.leakage", better, Verdict.DELIVERED))
        await call.tell(AlertUpdate(id="emotion.leakage#1", at=23.0, state="followed"))
        await expect(follow).to_contain_text("The agent did it, 10 s after the card")
        await expect(console.get("follow-quote")).to_have_text("“I am sorry that this took three calls”")
        await expect(console.get("alert-card")).to_contain_text("Answered by Eve")


_EARS = """
window.rung = 0;
window.notices = [];
class Notice {
  static permission = 'granted';
  static requestPermission = async () => 'granted';
  constructor(title, options) { window.notices.push([title, options.body]); }
  close() {}
}
window.Notification = Notice;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) { window.rung += 1; start.call(this, at); };
Object.defineProperty(document, 'visibilityState', { get: () => window.away ? 'hidden' : 'visible' });
"""


async def test_sound_and_notifications_come_only_where_they_were_chosen_and_once(tmp_path: Path) -> None:
    async with wall(tmp_path) as (service, console):
        page, call = console.page, await Staged(service, "s", agent="Bo").begin()
        await page.context.add_init_script(_EARS)
        await page.reload()
        await console.phase("live")
        other = Console(await page.context.new_page())
        await other.page.goto(service.http)
        await other.phase("live")
        await _alert(call, 10.0, 1)
        await expect(console.get("alert-card")).to_have_attribute("data-alert", "emotion.leakage#1")
        assert [await _rung(page), await _rung(other.page)] == [0, 0]

        await page.keyboard.press(",")
        await console.get("pref-sound").check()
        await console.get("pref-desktop").check()
        assert await console.barriers() == []
        await page.keyboard.press("Escape")
        tried = await _rung(page)  # what it will sound like
        await page.evaluate("window.away = true")
        await _alert(call, 40.0, 2, severity=Severity.WARNING)
        await page.wait_for_function("() => window.notices.length === 1")
        assert await page.evaluate("window.notices") == [["Steady the conversation", "Needs attention – Bo"]]
        assert await _rung(page) == tried + 2
        assert await _rung(other.page) == 0
        await _alert(call, 70.0, 3, severity=Severity.NOTICE)  # less than was asked for
        await expect(console.get("alert-card")).to_have_attribute("data-alert", "emotion.leakage#3")
        assert await _rung(page) == tried + 2


async def _rung(page: Page) -> int:
    count: int = await page.evaluate("window.rung")
    return count


async def _alert(call: Staged, at: float, number: int, **of: Any) -> None:
    line, found, raised = trouble(at, number=number, **of)
    if number > 1:
        await call.tell(AlertUpdate(id=f"emotion.leakage#{number - 1}", at=at, state="expired"))
    await call.tell(line, found, raised)


@pytest.mark.timeout(240)
async def test_two_hundred_calls_are_a_few_dozen_rows_and_all_within_reach(tmp_path: Path) -> None:
    async with wall(tmp_path) as (service, console):
        playing = asyncio.create_task(Stage(service.node.bus, 200).play(300))
        await expect(console.page.get_by_text("200 live calls")).to_be_visible(timeout=4 * SLOW)
        assert 10 < await console.get("call-row").count() < 60
        await console.get("wall").evaluate("(box) => box.scrollTo(0, box.scrollHeight)")
        last = console.page.locator('[data-row][aria-posinset="201"]')  # a heading stands above them
        await expect(last).to_be_visible()
        await last.get_by_role("button").click()
        await console.page.keyboard.press("k")
        await expect(console.page.locator('[aria-current="true"]')).to_be_in_viewport()
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


@pytest.mark.parametrize("width", [1440, 1024, 420])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_long_names_and_other_scripts_fit_every_width(tmp_path: Path, width: int, scheme: str) -> None:
    async with wall(tmp_path, viewport={"width": width, "height": 800}, color_scheme=scheme) as (
        service,
        console,
    ):
        await Staged(service, "long", agent=LONG, customer_name=LONG, team=LONG).begin()
        right = await Staged(service, "right", agent=ARABIC, customer_name=ARABIC, team="فريق").begin(3700.0)
        line, found, raised = trouble()
        await right.tell(said("c1", "وعليكم السلام رقم الطلب هو", 5.0), line, found, raised)
        await expect(console.row("right")).to_contain_text("1:01:40")
        await expect(console.get("alert-card")).to_be_visible()
        overflow = await console.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0
        wide = await console.page.evaluate(
            "[...document.querySelectorAll('.calls, .assist, .bar')]"
            ".filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.className)"
        )
        assert wide == []
        assert await console.barriers() == []


def test_the_first_load_is_under_120_kilobytes() -> None:
    page = (WEB / "index.html").read_text()
    linked = re.findall(r'(?:src|href)="\./([^"]+)"', page)
    sizes = {name: len(gzip.compress((WEB / name).read_bytes())) for name in linked}
    assert any(name.endswith(".js") for name in sizes) and any(name.endswith(".css") for name in sizes)
    assert sum(sizes.values()) + len(gzip.compress(page.encode())) < 120_000, sizes
