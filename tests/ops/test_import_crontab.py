"""What becomes of a crontab, line by line."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops.errors import OpsError
from ops.importing import crontab
from ops.importing.job_file import Imported, checked
from ops.importing.shell_commands import carried, name_of, words
from stacks.settings.jobs import JobSettings
from tests.ops.importing import deployed, jobs, written


def imported(*lines: str, zone: str | None = "UTC", system: bool = False) -> Imported:
    return checked(crontab.read("\n".join(lines) + "\n", source="tab", zone=zone, system=system))


def one(directory: Path, *lines: str) -> JobSettings:
    """Import lines that make one job, all of which is carried over."""
    found = imported(*lines)
    assert not found.left_out
    (job,) = jobs(found, directory).values()
    return job


def reason(*lines: str) -> str:
    """Import lines of which one thing is left out."""
    (left,) = imported(*lines).left_out
    return left.line()


# -- when


def test_a_line_becomes_a_job_with_its_place_and_its_text(tmp_path: Path) -> None:
    found = imported("", "0 3 * * 1-5 /usr/local/bin/backup.sh /data", zone="Europe/Berlin")
    text = written(found)
    assert "  # tab:2: 0 3 * * 1-5 /usr/local/bin/backup.sh /data\n  backup:\n" in text
    job = deployed(text, tmp_path).jobs["backup"]
    assert job.schedule == ("cron(0 3 ? * MON-FRI *)",)
    assert job.timezone == "Europe/Berlin"
    assert job.command == ("/usr/local/bin/backup.sh", "/data")


def test_both_day_fields_become_two_schedules_of_one_job(tmp_path: Path) -> None:
    job = one(tmp_path, "30 4 1,15 * 5 /opt/bill")
    assert job.schedule == ("cron(30 4 1,15 * ? *)", "cron(30 4 ? * FRI *)")


def test_days_of_both_fields_that_are_working_days_are_business_days(tmp_path: Path) -> None:
    job = one(tmp_path, "0 9 */2 * 1-5 /opt/x")
    assert job.business_days
    assert job.schedule == ("cron(0 9 */2 * ? *)",)


@pytest.mark.parametrize(
    ("nickname", "expression"),
    [
        ("@hourly", "cron(0 * * * ? *)"),
        ("@daily", "cron(0 0 * * ? *)"),
        ("@midnight", "cron(0 0 * * ? *)"),
        ("@weekly", "cron(0 0 ? * SUN *)"),
        ("@monthly", "cron(0 0 1 * ? *)"),
        ("@yearly", "cron(0 0 1 1 ? *)"),
        ("@annually", "cron(0 0 1 1 ? *)"),
    ],
)
def test_a_nickname_is_its_five_fields(tmp_path: Path, nickname: str, expression: str) -> None:
    assert one(tmp_path, f"{nickname}\t/opt/x").schedule == (expression,)


def test_cron_tz_is_the_zone_of_the_lines_below_it(tmp_path: Path) -> None:
    found = imported(
        "0 1 * * * /opt/a", "CRON_TZ=Asia/Tokyo", "0 1 * * * /opt/b", zone="Europe/Berlin"
    )
    zones = {name: job.timezone for name, job in jobs(found, tmp_path).items()}
    assert zones == {"a": "Europe/Berlin", "b": "Asia/Tokyo"}


def test_a_zone_that_does_not_exist_is_left_out_with_the_nearest() -> None:
    assert "write Europe/Berlin" in reason("CRON_TZ=Europe/Berln", "0 1 * * * /opt/a")


def test_tz_is_what_programs_see_in_a_crontab_and_the_zone_in_jenkins(tmp_path: Path) -> None:
    job = one(tmp_path, "TZ=Asia/Tokyo", "0 1 * * * /opt/a")
    assert (job.timezone, job.environment) == ("UTC", {"TZ": "Asia/Tokyo"})
    job = one(tmp_path, "TZ=Asia/Tokyo", "H 1 * * * /opt/a")
    assert (job.timezone, job.environment) == ("Asia/Tokyo", {})


def test_a_schedule_of_jenkins_without_a_command_says_when_it_is() -> None:
    said = reason("TZ=Europe/Berlin", "H(7-7) 4 * * 1-5")
    assert "has no command" in said
    assert "cron(7 4 ? * MON-FRI *)" in said


def test_nobody_who_says_the_zone_is_told_that_it_is_utc() -> None:
    assert "--timezone" in written(imported("0 1 * * * /opt/a", zone=None))
    assert "--timezone" not in written(imported("0 1 * * * /opt/a"))


def test_a_random_delay_is_a_flexible_window(tmp_path: Path) -> None:
    assert one(tmp_path, "RANDOM_DELAY=15", "0 1 * * * /x").flexible_window_seconds == 900


# -- what


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ('/opt/x "two words" it', ["/opt/x", "two words", "it"]),
        ("cd /srv && ./run", ["sh", "-c", "cd /srv && ./run"]),
        ("A=1 /opt/x", ["sh", "-c", "A=1 /opt/x"]),
        ("/opt/x $HOME", ["sh", "-c", "/opt/x $HOME"]),
        ("/opt/x '$HOME'", ["/opt/x", "$HOME"]),
        ('/opt/x "$HOME"', ["sh", "-c", '/opt/x "$HOME"']),
        ("/opt/x it's", ["sh", "-c", "/opt/x it's"]),
        ("/opt/x a\\ b", ["sh", "-c", "/opt/x a\\ b"]),
        (". /etc/profile", ["sh", "-c", ". /etc/profile"]),
    ],
)
def test_a_shell_is_asked_only_for_what_needs_one(line: str, command: list[str]) -> None:
    assert words(line) == command


@pytest.mark.parametrize(
    ("line", "left", "note"),
    [
        ("/x >/dev/null 2>&1", "/x", "the run's log"),
        ("/x >> /var/log/x.log 2>&1", "/x", "the run's log"),
        ("/x &> x.log", "/x", "the run's log"),
        ("/x 2>&1 | logger -t x", "/x", "the run's log"),
        ("nice -n 19 ionice -c3 /x", "/x", "processor to itself"),
        ("/usr/bin/flock -n /tmp/x.lock /x -v", "/x -v", "overlap: forbid"),
        ("flock /tmp/x -c 'a; b'", "a; b", "waited its turn"),
        ("/x &", "/x", "end before its program"),
        # What would mean something else without it stays.
        ("/x > /data/x.csv 2>&1", "/x > /data/x.csv 2>&1", "a bucket keeps them"),
        ("echo 'a > x.log'", "echo 'a > x.log'", ""),
        ("echo a \\> x.log", "echo a \\> x.log", ""),
        ("flock -n /tmp/x a && b", "flock -n /tmp/x a && b", "`flock`"),
        ("timeout 5 a; b", "timeout 5 a; b", ""),
        ("a | b | logger", "a | b | logger", ""),
        ("timeout 20d /x", "timeout 20d /x", ""),
    ],
)
def test_what_is_of_one_machine_is_taken_off_and_said(line: str, left: str, note: str) -> None:
    command = carried(line)
    assert command.text == left
    assert note in " ".join(command.look_at)


@pytest.mark.parametrize(("written_as", "seconds"), [("1.5h", 5_400), ("90", 90), ("1.2", 2)])
def test_timeout_becomes_the_jobs(tmp_path: Path, written_as: str, seconds: int) -> None:
    job = one(tmp_path, f"0 1 * * * timeout -k 5 {written_as} /opt/x")
    assert (job.timeout_seconds, job.command) == (seconds, ("/opt/x",))


def test_a_lock_of_several_jobs_is_left_out_by_name() -> None:
    said = reason("0 1 * * * flock /tmp/l /opt/a", "0 2 * * * flock /tmp/l /opt/b")
    assert "a, b wait for one another" in said


def test_a_percent_is_one_when_it_is_escaped_and_ends_the_command_when_not(tmp_path: Path) -> None:
    job = one(tmp_path, r"0 1 * * * /opt/x $(date +\%F)")
    assert job.command == ("sh", "-c", "/opt/x $(date +%F)")
    assert r"write \% where % is meant" in reason("0 1 * * * mail -s x joe%Joe,%")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("@reboot /opt/x", "nothing boots here"),
        ("@every_second /opt/x", "AWS minutes at best"),
        ("@fortnightly /opt/x", "is not known"),
        ("@daily", "has no command"),
        ("0 1 * * *", "has no command"),
        ("0 0 1 * * * /opt/x", "has six fields"),
        ("0 0 12 * * ? /opt/x", "has six fields"),
        ("61 * * * * /opt/x", "write 0 to 59"),
        ("0 9 */2 * 1 /opt/x", "which AWS cannot say"),
        ("0 1 * * * /opt/x \\", "knows no continued lines"),
        ("nonsense", "is no line of a crontab"),
        (f"0 1 * * * /opt/x {'y' * 8_000}", "move what jobs share"),
    ],
)
def test_what_cannot_be_carried_over_is_listed_with_line_and_reason(line: str, why: str) -> None:
    said = reason("0 5 * * * /opt/good", line)
    assert said.startswith("tab:2: ")
    assert why in said


def test_a_job_that_a_deploy_would_refuse_is_not_written(tmp_path: Path) -> None:
    found = imported("0 5 * * * /opt/good", f"0 1 * * * /opt/x {'y' * 8_000}")
    assert list(jobs(found, tmp_path)) == ["good"]


def test_the_line_below_a_backslash_is_no_entry_of_its_own() -> None:
    found = imported("0 1 * * * /opt/x \\", "0 2 * * * /opt/y")
    assert [left.where for left in found.left_out] == ["tab:1", "tab:2"]
    assert not found.drafts


def test_the_user_of_a_systems_crontab_is_told_and_not_run(tmp_path: Path) -> None:
    found = imported("17 * * * * root run-it --now", system=True)
    assert jobs(found, tmp_path)["run-it"].command == ("run-it", "--now")
    assert "It ran as root" in written(found)


def test_a_systems_crontab_is_seen_by_its_users() -> None:
    assert "--system" in written(imported("17 * * * * root run-it"))
    assert "--system" not in written(imported("17 * * * * run-it"))


def test_a_commented_line_is_told_and_not_carried_over() -> None:
    found = imported("0 1 * * * /opt/x", "#0 2 * * * /opt/y")
    assert len(found.drafts) == 1
    assert "tab:2: is commented out there" in written(found)


# -- variables


def test_variables_are_the_environment_of_the_lines_below_them(tmp_path: Path) -> None:
    found = imported("A = 'one '", "0 1 * * * /opt/a", 'B="two"', "A=three  ", "0 1 * * * /opt/b")
    environments = {name: job.environment for name, job in jobs(found, tmp_path).items()}
    assert environments == {"a": {"A": "one "}, "b": {"A": "three", "B": "two"}}


def test_words_that_yaml_takes_for_something_else_stay_texts(tmp_path: Path) -> None:
    job = one(tmp_path, "A=true", "B=no", "C=5", "D=1e3", "E=~", "0 1 * * * null off 2026-01-01")
    assert job.environment == {"A": "true", "B": "no", "C": "5", "D": "1e3", "E": "~"}
    assert job.command == ("null", "off", "2026-01-01")


def test_a_variable_of_one_job_stands_beside_those_of_all(tmp_path: Path) -> None:
    found = imported("A=1", "0 1 * * * /opt/a", "B=2", "0 1 * * * /opt/b")
    environments = [job.environment for job in jobs(found, tmp_path).values()]
    assert environments == [{"A": "1"}, {"A": "1", "B": "2"}]


def test_variables_of_all_jobs_stand_once() -> None:
    text = written(imported("A=1", "0 1 * * * /opt/a", "0 1 * * * /opt/b", zone="Asia/Tokyo"))
    assert text.count('A: "1"') == text.count("timezone: Asia/Tokyo") == 1


def test_variables_of_cron_itself_are_told_and_set_nothing(tmp_path: Path) -> None:
    found = imported("MAILTO=ops@example.com", "PATH=/opt/bin", "HOME=/srv", "0 1 * * * x")
    assert jobs(found, tmp_path)["x"].environment == {}
    assert not found.left_out
    text = written(found)
    assert "notify: {emails: [ops@example.com]}" in text
    assert "PATH=/opt/bin is not carried over" in text


def test_the_shell_of_a_crontab_is_asked_where_one_is_needed(tmp_path: Path) -> None:
    found = imported("SHELL=/bin/bash", "0 1 * * * a && b", "0 1 * * * /opt/c")
    commands = [job.command for job in jobs(found, tmp_path).values()]
    assert commands == [("/bin/bash", "-c", "a && b"), ("/opt/c",)]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "say what it may do with grants"),
        ("AWS_REGION=eu-west-1", "Fargate sets AWS_REGION"),
        ("ECS_X=1", "take another name"),
        ("JOB_NAME=x", "is set by every run itself"),
        ("MY-VAR=x", "is not a name for an environment variable"),
    ],
)
def test_variables_that_a_job_cannot_have_are_left_out(line: str, why: str) -> None:
    assert why in reason(line, "0 1 * * * /opt/x")


@pytest.mark.parametrize(
    "line",
    [
        "DB_PASSWORD=hunter2",
        "PGPASSWORD=hunter2",
        "api_key=hunter2",
        "GithubToken=hunter2",
        "SECRET=hunter2",
        "DATABASE_URL=postgres://app:hunter2@db/app",
    ],
)
def test_a_secret_variable_is_left_out_and_shown_nowhere(line: str) -> None:
    found = imported(line, "0 1 * * * /opt/x", f"#0 2 * * * {line} /opt/y", f"# {line}")
    assert "hunter2" not in written(found) + found.left_out[0].line()
    assert "pulumi config set --secret" in found.left_out[0].reason


def test_what_a_variable_was_before_it_became_secret_is_not_what_it_is(tmp_path: Path) -> None:
    found = imported("URL=http://x/", "URL=http://me:hunter2@x/", "0 1 * * * /opt/x")
    assert jobs(found, tmp_path)["x"].environment == {}


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("PGPASSWORD=hunter2 pg_dump x", 'PGPASSWORD="$PGPASSWORD" pg_dump x'),
        ("x --password=hunter2", 'x --password="$PASSWORD"'),
        ("x --api-token 'hunter2'", 'x --api-token "$API_TOKEN"'),
        ("mysqldump -uroot -phunter2 x", 'mysqldump -uroot -p"$PASSWORD" x'),
        ("curl https://me:hunter2@x/", 'curl https://me:"$PASSWORD"@x/'),
        ("x AKIAHUNTER2HUNTER2XX", 'x "$TOKEN"'),
        ("API_TOKEN=https://me:hunter2@x/ y", 'API_TOKEN=https://me:"$PASSWORD"@x/ y'),
        ("curl -u me:hunter2 x", 'curl -u me:"$PASSWORD" x'),
        (
            "curl -H 'Authorization: Bearer hunter2' x",
            """curl -H 'Authorization: Bearer '"$AUTHORIZATION"'' x""",
        ),
        ('curl -H "X-Api-Key: hunter2" x', 'curl -H "X-Api-Key: ${X_API_KEY}" x'),
    ],
)
def test_a_secret_in_a_command_becomes_a_variable_and_is_shown_nowhere(
    tmp_path: Path, line: str, command: str
) -> None:
    found = imported(f"0 1 * * * {line}")
    text = written(found)
    assert "hunter2" not in text.lower()
    assert "[secret]" in text
    (job,) = deployed(text, tmp_path).jobs.values()
    assert job.command == ("sh", "-c", command)
    (left,) = found.left_out
    assert "looks secret" in left.reason


def test_what_only_says_where_a_secret_is_stays(tmp_path: Path) -> None:
    job = one(tmp_path, "PASSWORD_FILE=/run/p", "0 1 * * * pg_dump --no-password x $TOKEN")
    assert job.environment == {"PASSWORD_FILE": "/run/p"}
    assert job.command[-1] == "pg_dump --no-password x $TOKEN"


def test_a_secret_of_a_command_is_not_the_variable_of_another_one() -> None:
    found = imported("TOKEN=one", "0 1 * * * x --token two")
    assert [left.what for left in found.left_out] == ["TOKEN", "the value of TOKEN_2"]


def test_two_secrets_of_one_name_are_two_variables() -> None:
    found = imported(
        "0 1 * * * a --token one", "0 1 * * * b --token two", "0 1 * * * c --token one"
    )
    variables = [left.what for left in found.left_out]
    assert variables == ["the value of TOKEN", "the value of TOKEN_2", "the value of TOKEN"]


# -- names


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/usr/local/bin/backup.sh -v /data", "backup"),
        ("cd /var/www && php artisan schedule:run", "artisan schedule:run"),
        ("python3 manage.py clearsessions", "manage clearsessions"),
        ("python -m app.jobs nightly", "app.jobs"),
        ("java -jar /opt/report.jar daily", "report"),
        ("/opt/billing/run.sh", "billing-run"),
        ("sleep 30; /opt/tick", "tick"),
        ("[ -x /opt/x ] && /opt/x", "x"),
        ("sudo -u www php /srv/cron.php", "srv-cron"),
        ("X=1 env Y=2 /opt/x", "x"),
        ("curl -fsS https://example.com/ping", "curl example.com/ping"),
    ],
)
def test_a_job_is_named_after_its_program(command: str, name: str) -> None:
    assert name_of(command) == name


@pytest.mark.parametrize(
    ("comments", "name"),
    [
        (["# Nightly backup"], "nightly-backup"),
        (["#Ansible: clean up the old sessions now"], "clean-up-the-old-sessions-now"),
        (["# Puppet Name: rotate"], "rotate"),
        (["# Run this at night, or else."], "x"),
        (["# First", "# second"], "x"),
        (["# ---"], "x"),
        (["# Nightly", ""], "x"),
    ],
)
def test_a_title_above_a_line_is_the_jobs_name(comments: list[str], name: str) -> None:
    assert [draft.name for draft in imported(*comments, "0 1 * * * /opt/x").drafts] == [name]


def test_comments_above_a_line_stay_with_it() -> None:
    text = written(imported("# First,", "# second.", "0 1 * * * /opt/x"))
    assert "  # tab:3: 0 1 * * * /opt/x\n  #   First,\n  #   second.\n  x:\n" in text


def test_names_are_unique_and_names(tmp_path: Path) -> None:
    found = imported(*(f"0 {hour} * * * /opt/{'n' * 60}" for hour in range(12)), "0 1 * * * 7z x")
    names = list(jobs(found, tmp_path))
    assert len(set(names)) == 13
    assert names[1] == f"{'n' * 38}-2"
    assert names[-1] == "job-7z"


# -- the whole file


def test_lines_may_end_as_windows_ends_them(tmp_path: Path) -> None:
    found = imported("A=1\r", "0 1 * * * /opt/x\r")
    job = jobs(found, tmp_path)["x"]
    assert (job.command, job.environment) == (("/opt/x",), {"A": "1"})


def test_a_text_without_a_line_of_a_crontab_is_no_crontab() -> None:
    with pytest.raises(OpsError, match="has no line of a crontab"):
        imported("Dear all,", "", "# 0 1 * * * x", "see you at 5")


_LINES = st.one_of(
    st.text(max_size=60),
    st.builds(
        lambda fields, command: f"{fields} {command}",
        st.sampled_from(
            ("0 3 * * *", "@daily", "*/7 1,2 1-7 * */7", "1 2 3 4 5", "~ 1 * * *", "H H * * *")
        ),
        st.text(min_size=1, max_size=60),
    ),
    st.builds(
        lambda name, value: f"{name}={value}",
        st.sampled_from(
            ("A", "PATH", "CRON_TZ", "SHELL", "MAILTO", "TOKEN", "RANDOM_DELAY", "AWS_X")
        ),
        st.text(max_size=30) | st.just("Asia/Tokyo"),
    ),
    st.text(max_size=30).map(lambda text: f"# {text}"),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(_LINES, max_size=12), system=st.booleans())
def test_whatever_a_crontab_holds_what_is_made_of_it_can_be_deployed(
    tmp_path: Path, lines: list[str], system: bool
) -> None:
    found = imported("0 5 * * * good job", *lines, system=system)
    text = written(found)
    settings_ = deployed(text, tmp_path)
    assert set(settings_.jobs) == {draft.name for draft in found.drafts}
    for draft in found.drafts:
        assert list(settings_.jobs[draft.name].command) == draft.settings["command"]
        environment = draft.settings.get("environment", {})
        assert settings_.jobs[draft.name].environment == environment
