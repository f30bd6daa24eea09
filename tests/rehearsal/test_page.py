"""The page of a rehearsal: what it tells, and that nothing told can do harm in it."""

import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rehearsal.__main__ import app
from rehearsal.cloud import EmbeddedAws, Played
from rehearsal.day import live
from rehearsal.engine import deploy
from rehearsal.faults import FAULTS
from rehearsal.page import Notes, PageError
from rehearsal.page.collect import Part, chapters, deployed_facts
from rehearsal.page.facts import (
    Alarm,
    Chapter,
    Container,
    Deployed,
    Endpoint,
    GroupRule,
    Life,
    MailCard,
    PageFacts,
    Phase,
    Run,
    Schedule,
    SlackCard,
    Subnet,
    Took,
    Topic,
    Turned,
    WebhookCard,
)
from rehearsal.page.render import MOST_CARDS, MOST_RUNS, render, slack_markup, time_line
from rehearsal.provider import AwsProvider
from rehearsal.scenario import play_all
from rehearsal.stage import Outcome, Stage, deployed_again
from stacks.stack_file import read_stack_file
from tests.deploying import ROOT

BEGIN = datetime(2026, 11, 23, 0, 5, 17, tzinfo=UTC)
HOSTILE = """</script></title></style><img src=x onerror="alert('1')"><script>alert(1)</script>"""
PLAYED = ("exit-code-1", "no-capacity-at-first", "overlap-allow", "overlap-replace")
PRINTS_ITS_SECRET = {"command": ["python", "-c", "import os; print(os.environ['S3_BUCKET_NAME'])"]}
VOID = {"meta", "br", "path", "img"}


class Page(HTMLParser):
    """A page, read as a browser does: tags with their attributes, and texts by the tag's class."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self._open.append(f"{tag}.{attributes.get('class') or ''}")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._open.pop().split(".")[0] == tag, f"</{tag}> closes another tag"

    def handle_data(self, data: str) -> None:
        self.texts.append((" > ".join(self._open), " ".join(data.split())))

    def said(self) -> str:
        return " ".join(text for where, text in self.texts if "style." not in where and text)

    def count(self, tag: str, class_: str) -> int:
        return sum(
            found == tag and class_ in (attributes.get("class") or "").split()
            for found, attributes in self.tags
        )

    def all(self, attribute: str) -> list[str]:
        return [found for _, attributes in self.tags if (found := attributes.get(attribute))]


@dataclass(frozen=True)
class Found:
    """A grant, as the proof tells of it."""

    where: str
    what: str
    noticed_by: str | None = None
    how: str = ""
    reason: str | None = None

    @property
    def passed(self) -> bool:
        return (self.noticed_by is None) == (self.reason is not None)


STACK = Deployed(
    public=False,
    cidr="10.0.0.0/16",
    subnets=tuple(
        Subnet(name=name, cidr="10.0.0.0/24", zone=zone)
        for name in ("tasks", "endpoints")
        for zone in ("a", "b")
    ),
    endpoints=(Endpoint(service="logs", kind="Interface"),),
    rules=(
        GroupRule(
            group="tasks", direction="out", ports="tcp 443", peer="endpoints", description=""
        ),
    ),
    schedules=(Schedule(job="nightly", expression="cron(0 3 * * ? *)", timezone="UTC"),),
    jobs=("nightly",),
    containers=(
        Container(
            name="default",
            cpu_units="256",
            memory_mib="512",
            architecture="ARM64",
            variables=("API_TOKEN",),
        ),
    ),
    topics=(
        Topic(name="success", channels=(), addresses=()),
        Topic(name="failure", channels=("C0FAILURE",), addresses=("a@b.example",)),
    ),
    alarms=(Alarm(name="dead-letters", metric="m", description="d", topics=("failure",)),),
    queues=("dead-letters",),
    buckets=("files",),
    secrets=("sample",),
    resources={"sqs": 2},
    slowest=(Took(what="Vpc network", seconds=0.5),),
)


def after(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def run(job: str = "nightly", begin: float = 60, **more: Any) -> Run:
    """A run of two attempts: the first fails, and 30 s later the second succeeds."""
    given: dict[str, Any] = {
        "job": job,
        "name": f"{job}-{begin}",
        "begin": after(begin),
        "end": after(begin + 70),
        "good": True,
        "ended": "succeeded",
        "reason": "",
        "phases": (
            Phase(attempt=1, begin=after(begin), end=after(begin + 20), good=False, ended="late"),
            Phase(attempt=0, begin=after(begin + 20), end=after(begin + 50)),
            Phase(attempt=2, begin=after(begin + 50), end=after(begin + 70), ended="exit code 0"),
        ),
        "log": (),
    }
    return Run(**given | more)


def plain_run(job: str, begin: float) -> Run:
    return run(
        job,
        begin,
        phases=(Phase(attempt=1, begin=after(begin), end=after(begin + 20), ended="exit code 0"),),
    )


def life(*runs: Run, **more: Any) -> Life:
    jobs = tuple(sorted({found.job for found in runs}))
    given: dict[str, Any] = {"begin": BEGIN, "end": after(3600), "jobs": jobs, "runs": runs}
    return Life(**given | more)


def outcome(expected: Any = "succeeded", happened: Any = "succeeded", **more: Any) -> Outcome:
    given: dict[str, Any] = {
        "at": BEGIN,
        "what": "something happens",
        "expected": {"run": expected, "attempts": 1},
        "happened": {"run": happened, "attempts": 1},
    }
    return Outcome(**given | more)


def chapter(*outcomes: Outcome, lived: Life | None = None, title: str = "A day") -> Chapter:
    return Chapter(title=title, outcomes=outcomes, life=lived or life(run()))


def facts(*day: Chapter, **more: Any) -> PageFacts:
    given: dict[str, Any] = {"command": "python -m rehearsal run dev", "stack": "dev", "day": day}
    return PageFacts(**given | more)


def slack(**more: Any) -> SlackCard:
    given: dict[str, Any] = {
        "channel": "C0FAILURE",
        "at": after(90),
        "title": "nightly failed",
        "description": "*dev* · job *nightly*\n<https://example.com/a|Execution>",
        "job": "nightly",
        "good": False,
    }
    return SlackCard(**given | more)


def mail(**more: Any) -> MailCard:
    given: dict[str, Any] = {"to": "a@b.example", "at": after(90), "subject": "s", "text": "t"}
    return MailCard(**given | more)


def webhook(**more: Any) -> WebhookCard:
    given: dict[str, Any] = {
        "name": "pager",
        "host": "pagerduty.example",
        "at": after(90),
        "title": "nightly failed",
        "body": '{"event_action": "trigger"}',
        "status": 202,
        "taken": True,
    }
    return WebhookCard(**given | more)


def page(*day: Chapter, **more: Any) -> Page:
    return Page(render(facts(*day, **more)))


# -- collected from a rehearsal


@dataclass
class Rehearsed:
    """Stack prod after an hour and some faults, as collected and as written."""

    deployed: Deployed
    day: Chapter
    faults: dict[str, Chapter]
    told: Chapter
    from_its_first_run: Chapter
    """The day again, as a part that begins at the very instant of its first run."""
    secret: str
    written: str
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.page = Page(self.written)


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    directory = tmp_path_factory.mktemp("page")
    notes = Notes("run prod", directory, 0.0)
    notes.open()
    with EmbeddedAws(region="ap-northeast-1", start=BEGIN) as aws:
        stack_file = read_stack_file(ROOT, "prod")
        deployment = deploy(ROOT, stack_file, AwsProvider(aws))
        stage = Stage(aws, deployment.outputs, deployed_again(ROOT, stack_file, aws, deployment))
        stage.prepare()
        begin = aws.clock.now()
        lived = list(live(stage, 1))
        notes.lived("An hour", begin, lived)
        played = list(play_all(stage, [FAULTS[name] for name in PLAYED]))
        notes.played(played)
        telling = aws.clock.now()
        stage.trigger(stage.job, attempts=[Played()], given=PRINTS_ITS_SECRET)
        stage.finish()
        path = notes.write("prod", stage, deployment)
        assert path == directory / "index.html"
        parts = [
            Part(title="day", begin=begin, outcomes=lived),
            *(Part(title=one.name, begin=one.at, outcomes=[one]) for one in played),
            Part(title="told", begin=telling, outcomes=[]),
        ]
        day, *faults, told = chapters(parts, aws, deployment)
        assert day.life is not None
        again = Part(title="again", begin=day.life.runs[0].begin, outcomes=[])
        (from_its_first_run,) = chapters([again], aws, deployment)
        return Rehearsed(
            deployed=deployed_facts(deployment),
            day=day,
            faults={chapter.title: chapter for chapter in faults},
            told=told,
            from_its_first_run=from_its_first_run,
            secret=deployment.outputs["bucketNames"]["files"],
            written=path.read_text(encoding="utf-8"),
        )


def test_the_picture_knows_the_network_and_what_hangs_on_it(rehearsed: Rehearsed) -> None:
    stack = rehearsed.deployed
    assert not stack.public
    assert {(subnet.name, subnet.zone) for subnet in stack.subnets} == {
        (name, f"ap-northeast-1{zone}") for name in ("tasks", "endpoints") for zone in "ac"
    }
    assert {endpoint.service: endpoint.kind for endpoint in stack.endpoints} == {
        "s3": "Gateway",
        **dict.fromkeys(("ecr.api", "ecr.dkr", "logs", "secretsmanager"), "Interface"),
    }
    assert ("tasks", "out", "tcp 443", "s3") in {
        (rule.group, rule.direction, rule.ports, rule.peer) for rule in stack.rules
    }


def test_the_picture_knows_who_is_told_of_what(rehearsed: Rehearsed) -> None:
    topics = {topic.name: topic for topic in rehearsed.deployed.topics}
    assert topics["success"].channels == ("C0AAAAAAA",)
    assert topics["failure"].channels == ("C0BBBBBBB",)
    assert topics["failure"].addresses == ("batch-oncall@example.com",)
    assert rehearsed.deployed.queues == ("dead-letters",)
    assert {alarm.topics for alarm in rehearsed.deployed.alarms} == {("failure",)}


def test_of_secrets_the_page_knows_the_variables_only(rehearsed: Rehearsed) -> None:
    (container,) = rehearsed.deployed.containers
    assert container.variables == ("S3_BUCKET_NAME",)
    assert rehearsed.told.life is not None
    (told,) = rehearsed.told.life.runs
    assert told.log == ("[secret]",)
    assert rehearsed.secret not in rehearsed.written


def test_a_run_is_told_attempt_by_attempt(rehearsed: Rehearsed) -> None:
    lived = rehearsed.faults["exit-code-1"].life
    assert lived is not None
    (failed,) = lived.runs
    phases = [(one.attempt, (one.end - one.begin).seconds) for one in failed.phases]
    assert phases == [(1, 20), (0, 60), (2, 20), (0, 120), (3, 20)]
    assert {one.ended for one in failed.phases if one.attempt} == {"exit code 1"}
    assert (failed.good, failed.ended) == (False, "failed")


def test_a_run_that_somebody_stopped_is_not_called_failed(rehearsed: Rehearsed) -> None:
    lived = rehearsed.faults["overlap-replace"].life
    assert lived is not None
    assert [(found.ended, found.good) for found in lived.runs] == [
        ("replaced", False),
        ("succeeded", True),
    ]
    (stopped,) = lived.runs[0].phases
    assert (stopped.attempt, stopped.ended) == (1, "stopped")


def test_an_attempt_that_was_refused_is_told_with_awss_words(rehearsed: Rehearsed) -> None:
    lived = rehearsed.faults["no-capacity-at-first"].life
    assert lived is not None
    first, _, second = lived.runs[0].phases
    assert "Capacity is unavailable" in first.ended
    assert second.good


def test_each_chapter_holds_its_own_runs_and_messages(rehearsed: Rehearsed) -> None:
    assert rehearsed.day.life is not None
    assert len(rehearsed.day.life.runs) == 1
    assert [turned.result for turned in rehearsed.day.life.turned] == ["duplicate"]
    for name, told in (("exit-code-1", [False]), ("overlap-allow", [True, True])):
        lived = rehearsed.faults[name].life
        assert lived is not None
        assert [card.good for card in lived.slack] == told
        assert len(lived.mail) == len(told)


def test_what_happens_at_the_very_beginning_is_told_too(rehearsed: Rehearsed) -> None:
    assert rehearsed.day.life is not None
    assert rehearsed.from_its_first_run.life is not None
    assert rehearsed.from_its_first_run.life.runs[0] == rehearsed.day.life.runs[0]


def test_every_outcome_and_every_fault_has_its_row(rehearsed: Rehearsed) -> None:
    outcomes = len(rehearsed.day.outcomes) + len(PLAYED)
    assert rehearsed.page.count("tr", "outcome") == outcomes
    assert f"{outcomes} of {outcomes} came out as they should" in rehearsed.page.said()
    assert rehearsed.page.all("data-fault") == list(PLAYED)
    assert {f"fault-{name}" for name in PLAYED} <= set(rehearsed.page.all("id"))


def test_the_page_is_a_picture_time_lines_messages_and_times(rehearsed: Rehearsed) -> None:
    assert rehearsed.page.count("figure", "picture") == 1
    assert rehearsed.page.count("div", "timeline") == 1 + len(PLAYED)
    assert rehearsed.page.count("article", "slack") == 3  # succeeded, failed, replaced: each once
    assert rehearsed.page.count("article", "mail") == 3
    assert "An hour" in rehearsed.page.said()
    assert rehearsed.deployed.slowest[0].what in rehearsed.page.said()


def test_a_link_within_the_page_leads_somewhere(rehearsed: Rehearsed) -> None:
    ids = set(rehearsed.page.all("id"))
    inner = {address[1:] for address in rehearsed.page.all("href") if address.startswith("#")}
    assert inner <= ids


# -- nothing can do harm


def test_hostile_text_stays_text() -> None:
    everything = page(
        Chapter(
            title=HOSTILE,
            about=HOSTILE,
            outcomes=(
                outcome(happened=HOSTILE, what=HOSTILE),
                outcome(happened=1, what=HOSTILE, name=HOSTILE),
                outcome(left_out=HOSTILE),
            ),
            life=life(
                run(
                    HOSTILE,
                    good=False,
                    ended=HOSTILE,
                    reason=HOSTILE,
                    log=(HOSTILE, json.dumps({"message": HOSTILE, "level": HOSTILE})),
                    phases=(
                        Phase(attempt=1, begin=after(1), end=after(2), good=False, ended=HOSTILE),
                    ),
                ),
                turned=(Turned(job=HOSTILE, at=after(3), result=HOSTILE),),
                slack=(
                    slack(
                        title=HOSTILE,
                        description=f"*{HOSTILE}* `{HOSTILE}` <https://e.x/{HOSTILE}|{HOSTILE}>",
                        next_steps=(HOSTILE,),
                        channel=HOSTILE,
                        dropped=HOSTILE,
                        alarm=HOSTILE,
                    ),
                ),
                mail=(mail(to=HOSTILE, subject=HOSTILE, text=HOSTILE),),
                webhooks=(webhook(name=HOSTILE, host=HOSTILE, title=HOSTILE, body=HOSTILE),),
            ),
        ),
        failures=(HOSTILE,),
        warnings=(HOSTILE,),
        proof=(Found(HOSTILE, HOSTILE, HOSTILE, HOSTILE), Found("w", HOSTILE, reason=HOSTILE)),
        took=(Took(what=HOSTILE, seconds=1),),
        stack=HOSTILE,
        command=HOSTILE,
        region=HOSTILE,
    )
    tags = {tag for tag, _ in everything.tags}
    assert not tags & {"script", "img", "iframe", "object", "form", "link", "base"}
    assert not [
        name for _, attributes in everything.tags for name in attributes if name[:2] == "on"
    ]
    assert everything.said().count("<script>alert(1)</script>") > 20


def test_no_address_but_a_web_address_becomes_a_link() -> None:
    text = "<javascript:alert(1)|here> <data:text/html,x|there> <https://e.x/a?b=1|log>"
    links = Page(slack_markup(text)).all("href")
    assert links == ["https://e.x/a?b=1"]


def test_the_page_loads_nothing_and_runs_nothing(rehearsed: Rehearsed) -> None:
    for tag, attributes in rehearsed.page.tags:
        assert tag not in ("script", "link", "img", "iframe", "base")
        assert not {"src", "srcset", "data", "action", "ping"} & set(attributes)
    style = re.findall(r"<style>(.*?)</style>", rehearsed.written, re.DOTALL)
    assert len(style) == 1
    assert not re.search(r"url\(|@import|https?:", style[0])
    policy = [found for found in rehearsed.page.all("content") if "default-src" in found]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


# -- what is said


def test_what_is_not_as_it_should_be_is_said_first_with_both() -> None:
    wrong = page(chapter(outcome(), outcome("failed", "succeeded", what="it breaks")))
    said = wrong.said()
    assert "1 of 2 came out as they should" in said
    assert "it breaks: run succeeded instead of failed" in said
    assert said.index("Not as it should be") < said.index("Should be")
    assert wrong.count("tr", "wrong") == 1


def test_a_fault_that_does_not_apply_is_neither_right_nor_wrong() -> None:
    said = page(chapter(outcome(), outcome(left_out="no job has secrets"))).said()
    assert "1 of 1 came out as they should" in said
    assert "does not apply: no job has secrets" in said


def test_messages_are_shown_as_slack_shows_them() -> None:
    card = slack(next_steps=("Run it again: `aws run`",))
    shown = page(chapter(lived=life(run(), slack=(card,))))
    texts = {text: where for where, text in shown.texts if text}
    assert texts["nightly"].endswith("b.")
    assert texts["Execution"].endswith("a.")
    assert texts["aws run"].endswith("li. > code.")
    assert "https://example.com/a" in shown.all("href")
    assert "#C0FAILURE" in texts


def test_messages_of_one_title_are_shown_once_with_their_times() -> None:
    cards = tuple(slack(at=after(3600 * hour)) for hour in range(3))
    shown = page(chapter(lived=life(run(), slack=cards)))
    assert shown.count("article", "slack") == 1
    assert "And 2 more of this title: 01:05, 02:05" in shown.said()


def test_a_message_that_was_thrown_away_says_why() -> None:
    shown = page(chapter(lived=life(run(), slack=(slack(dropped="the message is not JSON"),))))
    assert "nobody saw it: the message is not JSON" in shown.said()


def test_what_webhooks_are_sent_is_shown_and_how_they_answer() -> None:
    cards = (webhook(), webhook(at=after(3690)), webhook(status=503, taken=False))
    shown = page(chapter(lived=life(run(), webhooks=cards)))
    assert shown.count("article", "webhook") == 2
    said = shown.said()
    assert "pagerduty.example" in said
    assert '{"event_action": "trigger"}' in said
    assert "And 1 more of this title: 01:06" in said
    assert "answered 503: not taken" in said


def test_a_grant_is_needed_explained_or_surplus() -> None:
    shown = page(
        proof=(
            Found("role runner", "ecs:RunTask", "exit-code-1", "run none"),
            Found("role runner", "ecs:StopTask", reason="asked for by Step Functions"),
            Found("queue policy", "sqs:SendMessage"),
            Found("queue policy", "sqs:Purge", noticed_by="timeout", reason="outdated"),
        )
    )
    said = shown.said()
    assert shown.count("tr", "grant") == 4
    assert shown.count("tr", "wrong") == 2
    assert shown.count("tr", "place") == 2
    assert "2 grants can go unnoticed" in said
    assert "stays: asked for by Step Functions" in said
    assert "but it is listed as surplus : outdated" in said


def test_a_stack_that_could_not_be_deployed_has_a_page_too() -> None:
    shown = page(failures=("aws:sqs/queue:Queue letters: no",))
    assert "1 resource could not be deployed" in shown.said()
    assert "aws:sqs/queue:Queue letters: no" in shown.said()


def test_an_empty_day_says_so() -> None:
    said = page(chapter(lived=life())).said()
    assert "No job ran in this time." in said
    assert "Nobody was told anything." in said


def test_a_public_network_is_drawn_without_endpoints() -> None:
    said = page(deployed=replace(STACK, public=True, endpoints=())).said()
    assert "internet gateway tasks have public addresses" in said
    assert "interface endpoints" not in said


# -- the time line


def test_a_line_is_as_long_as_its_time() -> None:
    line = time_line(life(run(begin=0), end=after(140)))
    (lane,) = line.rows[0].lanes
    assert [(mark.kind, mark.left, mark.width) for mark in lane] == [
        ("bad", 0, 14.286),
        ("wait", 14.286, 21.428),
        ("good", 35.714, 14.286),
    ]


def test_a_line_ends_with_the_run_that_ends_last() -> None:
    line = time_line(life(run(begin=100), end=after(120)))
    (lane,) = line.rows[0].lanes
    assert lane[-1].left + lane[-1].width == 100


def test_runs_side_by_side_have_a_lane_each() -> None:
    line = time_line(life(run(begin=0), run(begin=30), run(begin=100)))
    assert [len(lane) for lane in line.rows[0].lanes] == [6, 3]


def test_jobs_that_did_nothing_are_named_beside_the_line() -> None:
    line = time_line(life(run(), jobs=("nightly", "yearly")))
    assert [row.name for row in line.rows] == ["nightly"]
    assert line.silent == ("yearly",)


def test_alarms_have_a_line_of_their_own() -> None:
    line = time_line(life(run(), slack=(slack(job="", alarm="dead-letters"),)))
    assert [row.name for row in line.rows] == ["nightly", "alarm dead-letters"]


@pytest.mark.parametrize(
    ("length_seconds", "labels"),
    [
        (60, ["00:05:20", "00:05:30"]),
        (3 * 3600, ["00:30", "01:00"]),
        (7 * 86400, ["Tue 24", "Wed 25"]),
    ],
)
def test_instants_are_round_and_a_dozen_at_most(length_seconds: int, labels: list[str]) -> None:
    ticks = time_line(life(end=after(length_seconds))).ticks
    assert [label for _, label in ticks][:2] == labels
    assert len(ticks) <= 13


def test_a_week_of_sixty_jobs_fits_into_three_megabytes() -> None:
    hours = range(0, 7 * 24 * 3600, 3600)
    jobs = [f"a-job-with-a-long-name-{number}" for number in range(60)]
    lived = life(
        *(plain_run(job, begin) for job in jobs for begin in hours),
        slack=tuple(slack(job=job, title=job, at=after(at)) for job in jobs for at in hours[::6]),
        end=after(7 * 24 * 3600),
    )
    written = render(facts(chapter(outcome(), lived=lived)))
    assert len(written.encode()) < 3_000_000
    shown = Page(written)
    assert shown.count("div", "row") == len(jobs)
    assert shown.count("article", "run") == 0
    assert shown.count("article", "slack") == min(len(jobs), MOST_CARDS)


def test_of_many_runs_those_worth_a_look_are_drawn_one_by_one() -> None:
    plain = [plain_run("hourly", 100 * number) for number in range(MOST_RUNS)]
    shown = page(chapter(lived=life(*plain, run(begin=7))))
    assert shown.count("article", "run") == 1
    assert f"{MOST_RUNS} runs are on the line above only" in shown.said()


# -- the directory


def test_a_directory_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PageError, match=r"--report .*file: File exists"):
        Notes("run dev", tmp_path / "file", 0.0).open()


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "index.html").mkdir()
    with pytest.raises(PageError, match=r"--report .*: Is a directory"):
        Notes("run dev", tmp_path, 0.0).write_failures("dev", ["x"])


def test_a_command_says_in_one_line_where_its_page_is(tmp_path: Path) -> None:
    directory = tmp_path / "some" / "page"
    given = ["faults", "dev", "--only", "exit-code-1", "--quiet", "--report", str(directory)]
    told = CliRunner().invoke(app, given)
    assert told.exit_code == 0, told.output
    assert told.output.splitlines()[0] == f"Report: {directory / 'index.html'}"
    assert Page((directory / "index.html").read_text()).all("data-fault") == ["exit-code-1"]
    assert [file.name for file in directory.iterdir()] == ["index.html"]


def test_a_directory_that_cannot_be_made_is_said_before_anything_is_deployed(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    refused = CliRunner().invoke(app, ["run", "dev", "--report", str(tmp_path / "file")])
    assert refused.exit_code == 1
    (line,) = refused.output.splitlines()
    assert line.startswith("error: --report ")


def test_without_a_directory_nothing_is_written(tmp_path: Path) -> None:
    notes = Notes("run dev", None, 0.0)
    notes.open()
    assert notes.write_failures("dev", ["x"]) is None
    assert list(tmp_path.iterdir()) == []
