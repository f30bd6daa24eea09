"""What becomes of ecschedule's rules, Copilot's manifests and Kubernetes' CronJobs."""

from pathlib import Path
from textwrap import dedent

import pytest

from ops.errors import OpsError
from ops.importing import copilot, ecschedule, kubernetes
from ops.importing.fargate_sizes import quantity, size_for
from ops.importing.job_file import Imported, checked
from tests.ops.importing import jobs, written


def left_out(imported: Imported) -> dict[str, str]:
    return {left.what: left.reason for left in checked(imported).left_out}


# -- ecschedule

RULES = """\
    region: eu-west-1
    cluster: batch
    rules:
    - name: syncOrders
      description: pulls what the shop sold
      scheduleExpression: cron(15 * * * ? *)
      taskDefinition: orders:7
      launch_type: FARGATE
      containerOverrides:
      - name: app
        command: [bin/sync, --since, 1h]
        environment:
          MODE: full
          SHARDS: 4
"""


def rules(text: str = RULES, *more: str, name: str = "rules.yaml") -> Imported:
    return ecschedule.read(dedent(text + "".join(f"    {line}\n" for line in more)), source=name)


def test_a_rule_becomes_a_job_in_a_container_of_its_task_definition(tmp_path: Path) -> None:
    job = jobs(rules(), tmp_path)["syncorders"]
    assert job.schedule == ("cron(15 * * * ? *)",)
    assert (job.timezone, job.container) == ("UTC", "orders")
    assert job.command == ("bin/sync", "--since", "1h")
    assert job.environment == {"MODE": "full", "SHARDS": "4"}
    text = written(rules())
    assert "# rules.yaml:4: rule syncOrders, cron(15 * * * ? *)\n  #   pulls what" in text
    assert "launch_type: the stack has its own" in text
    assert not left_out(rules())


def test_a_disabled_rule_on_spot_with_a_size_is_off_and_keeps_them(tmp_path: Path) -> None:
    found = rules(
        RULES,
        "  disabled: true",
        "  taskOverride: {cpu: 512, memory: 900}",
        "  capacityProviderStrategy: [{capacityProvider: FARGATE_SPOT, weight: 1}]",
    )
    job = jobs(found, tmp_path)["syncorders"]
    assert (job.enabled, job.capacity) == (False, "spot")
    assert (job.cpu_units, job.memory_mib) == (512, 1_024)


_DAILY = "- {name: x, scheduleExpression: rate(1 day)"
_COMMAND = "the command of x"


@pytest.mark.parametrize(
    ("line", "what", "reason"),
    [
        ("      KEY: {{ must_env `APP_KEY` }}", "KEY of syncorders", "{{ must_env `APP_KEY` }}"),
        ("      KEY: {{ ssm `/app/key` }}", "KEY of syncorders", "secrets: {KEY: ssm:/app/key}"),
        ("      TOKEN: abc", "TOKEN of syncorders", "pulumi config set --secret"),
        (f"{_DAILY}, containerOverrides: [{{command: ['{{{{ x }}}}']}}]}}", _COMMAND, "template"),
        (f"{_DAILY}, containerOverrides: [{{command: [a, --token=b]}}]}}", _COMMAND, "secret"),
        ("  taskCount: 3", "taskCount of syncorders", "write array: {size: 3}"),
        ("  - name: sidecar", "override of sidecar in syncorders", "one container"),
        ("- name: other", "rule other", "no schedule: write cron("),
        ("- {name: x, scheduleExpression: rate(1 minutes x)}", "rule x", "unit minutes x"),
        ("- {name: x, scheduleExpression: '{{ env `A` `rate(1 day)` }}'}", "rule x", "template"),
        ("- {name: x, scheduleExpression: rate(1 day)}", "the command of x", "the image's CMD"),
    ],
)
def test_what_a_rule_has_that_a_job_cannot_is_left_out(line: str, what: str, reason: str) -> None:
    said = left_out(rules(RULES, line))
    assert reason in said[what]


def test_a_job_without_its_command_is_written_as_a_comment(tmp_path: Path) -> None:
    found = rules(RULES, "- {name: later, scheduleExpression: rate(1 day), taskDefinition: x}")
    assert list(jobs(found, tmp_path)) == ["syncorders"]
    assert "  # later:\n  #   schedule: rate(1 day)\n" in written(found)
    assert "  #   command: […]\n" in written(found)


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("a: 1", "rules.yaml", "has no rules"),
        ("- x", "rules.yaml", "has no rules"),
        ("rules: [", "rules.yaml", "rules.yaml:1: is not YAML"),
        ("{}", "rules.jsonnet", "is Jsonnet: render it first"),
        ("a: \x00", "rules.yaml", "is not YAML"),
        ("a: !!int x", "rules.yaml", "is not YAML"),
        ("a: !Ref x", "rules.yaml", "is not YAML"),
        ("[" * 1_200, "rules.yaml", "is not YAML"),
    ],
)
def test_what_is_no_configuration_of_ecschedule_is_refused(
    text: str, name: str, reason: str
) -> None:
    with pytest.raises(OpsError, match=reason):
        rules(text, name=name)


def test_maps_may_be_merged_into_others_as_yaml_has_it(tmp_path: Path) -> None:
    text = RULES.replace("- name: app", "- &app\n        name: app")
    found = rules(
        text,
        "- name: again",
        "  scheduleExpression: rate(1 day)",
        "  taskDefinition: orders",
        "  containerOverrides:",
        "  - <<: *app",
        "    command: [again]",
    )
    job = jobs(found, tmp_path)["again"]
    assert (job.command, job.environment["MODE"]) == (("again",), "full")


# -- Copilot

MANIFEST = """\
    name: month-end
    type: Scheduled Job
    on:
      schedule: "{schedule}"
    image:
      build: ./jobs/month-end/Dockerfile
    command: python -m month_end --all
    cpu: 512
    memory: 1024
    timeout: 1h30m
    retries: 3
    variables: {{LOG_LEVEL: info, WORKERS: 2}}
    secrets:
      DB_URL: /app/db-url
    environments:
      prod: {{cpu: 1024, memory: 2048, variables: {{LOG_LEVEL: warn}}}}
"""


def manifest(directory: Path, *, schedule: str = "0 6 1 * *", more: str = "") -> Path:
    path = directory / "copilot/month-end/manifest.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(MANIFEST).format(schedule=schedule) + more, encoding="utf-8")
    return path


def test_a_manifest_becomes_a_job_with_the_values_of_an_environment(tmp_path: Path) -> None:
    found = copilot.read(manifest(tmp_path), environment="prod")
    job = jobs(found, tmp_path)["month-end"]
    assert job.schedule == ("cron(0 6 1 * ? *)",)
    assert job.command == ("python", "-m", "month_end", "--all")
    assert (job.cpu_units, job.memory_mib) == (1_024, 2_048)
    assert (job.timeout_seconds, job.retries.app) == (5_400, (10, 15, 22))
    assert job.environment == {"LOG_LEVEL": "warn", "WORKERS": "2"}
    assert not left_out(found)


def test_its_container_is_proposed_for_the_stack_file(tmp_path: Path) -> None:
    found = copilot.read(manifest(tmp_path), environment="prod")
    assert found.containers == {
        "month-end": {
            "build": "jobs/month-end",
            "architecture": "x86_64",
            "secrets": {"DB_URL": "ssm:/app/db-url"},
        }
    }
    assert '#     secrets: {DB_URL: "ssm:/app/db-url"}\n' in written(found)


def test_environments_that_nobody_chose_are_left_out(tmp_path: Path) -> None:
    said = left_out(copilot.read(manifest(tmp_path)))
    assert "--environment prod" in said["environments of month-end"]


@pytest.mark.parametrize(
    ("schedule", "expressions", "note"),
    [
        # What Copilot itself made of these was a daily job, and other weekdays.
        ("0 9 */5 * *", ("cron(0 9 */5 * ? *)",), "Copilot made cron(0 9 * * ? *) of it"),
        ("0 9 * * */2", ("cron(0 9 ? * SUN,TUE,THU,SAT *)",), "Copilot made cron(0 9 * * ? *)"),
        ("0 9 * * 1-5/2", ("cron(0 9 ? * MON,WED,FRI *)",), "Copilot made cron(0 9 ? * 2-6/3 *)"),
        ("0 9 1 * 1", ("cron(0 9 1 * ? *)", "cron(0 9 ? * MON *)"), "refuses both day fields"),
        ("0 9 * * 1-5", ("cron(0 9 ? * MON-FRI *)",), ""),
        ("@weekly", ("cron(0 0 ? * SUN *)",), ""),
        ("@every 1h30m", ("rate(90 minutes)",), "other minutes"),
        ("rate(5 minutes)", ("rate(5 minutes)",), "other minutes"),
        ("cron(0 9 L * ? *)", ("cron(0 9 L * ? *)",), ""),
        ("none", (), "by hand only"),
    ],
)
def test_a_schedule_is_what_the_manifest_says(
    tmp_path: Path, schedule: str, expressions: tuple[str, ...], note: str
) -> None:
    found = copilot.read(manifest(tmp_path, schedule=schedule), environment="prod")
    assert jobs(found, tmp_path)["month-end"].schedule == expressions
    (draft,) = found.drafts
    assert note in " ".join(draft.look_at)
    assert bool(note) == bool(draft.look_at)


@pytest.mark.parametrize(
    ("more", "what", "reason"),
    [
        ("sidecars: {a: {image: x}}", "sidecars of month-end", "one container"),
        ("storage: {volumes: {a: {efs: true}}}", "storage of month-end", "a bucket"),
        ("env_file: x.env", "env_file of month-end", "to environment"),
        ("entrypoint: /bin/x", "entrypoint of month-end", "the image's own"),
        ("platform: windows/x86_64", "platform of month-end", "Windows"),
    ],
)
def test_what_a_manifest_has_that_a_job_cannot_is_left_out(
    tmp_path: Path, more: str, what: str, reason: str
) -> None:
    found = copilot.read(manifest(tmp_path, more=more), environment="prod")
    assert reason in left_out(found)[what]


@pytest.mark.parametrize("schedule", ["0 9 * *", "rate(1 minutes x)", "@every 90s", "cron(5)", ""])
def test_a_schedule_that_aws_would_refuse_is_left_out(tmp_path: Path, schedule: str) -> None:
    said = left_out(copilot.read(manifest(tmp_path, schedule=schedule), environment="prod"))
    assert list(said) == ["job month-end"]


def test_the_command_of_the_dockerfile_is_taken_where_the_manifest_has_none(
    tmp_path: Path,
) -> None:
    path = manifest(tmp_path)
    path.write_text(path.read_text().replace("command: python -m month_end --all\n", ""))
    assert "the command of month-end" in left_out(copilot.read(path, environment="prod"))
    dockerfile = tmp_path / "jobs/month-end/Dockerfile"
    dockerfile.parent.mkdir(parents=True)
    dockerfile.write_text('FROM x\nCMD ["a"]\nFROM y\ncmd ["python", "end.py"]\n')
    found = copilot.read(path, environment="prod")
    assert jobs(found, tmp_path)["month-end"].command == ("python", "end.py")


def test_a_workspace_gives_its_scheduled_jobs_and_names_the_rest(tmp_path: Path) -> None:
    manifest(tmp_path)
    web = tmp_path / "copilot/web/manifest.yml"
    web.parent.mkdir()
    web.write_text("name: web\ntype: Backend Service\n")
    for directory in (tmp_path, tmp_path / "copilot"):
        found = copilot.read(directory)
        assert [draft.name for draft in found.drafts] == ["month-end"]
        assert "Backend Service is no Scheduled Job" in written(found)
    with pytest.raises(OpsError, match="has no manifest of a Scheduled Job"):
        copilot.read(web)


def test_secrets_that_are_not_parameters_are_left_out_with_where_they_go(tmp_path: Path) -> None:
    path = manifest(tmp_path)
    path.write_text(
        path.read_text().replace(
            "  DB_URL: /app/db-url\n",
            "  A: {secretsmanager: mysql}\n"
            "  B: /copilot/${COPILOT_APPLICATION_NAME}/b\n"
            "  C: /copilot/${COPILOT_ENVIRONMENT_NAME}/c\n",
        )
    )
    found = copilot.read(path, environment="prod")
    assert set(left_out(found)) == {"A of month-end", "B of month-end"}
    assert (found.containers or {})["month-end"]["secrets"] == {"C": "ssm:/copilot/prod/c"}


# -- Kubernetes

CRON_JOB = """\
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: mail.digest}
    spec:
      schedule: "30 6 * * 1-5"
      timeZone: Europe/Berlin
      concurrencyPolicy: Forbid
      jobTemplate:
        spec:
          backoffLimit: 2
          template:
            spec:
              restartPolicy: Never
              containers:
              - name: digest
                image: registry.example.com/digest:3
                args: [digest, --today]
                env:
                - {name: LOG_LEVEL, value: info}
                resources: {requests: {cpu: 250m, memory: 300Mi}, limits: {memory: 1Gi}}
"""


def cron_jobs(*replaced: tuple[str, str], text: str = CRON_JOB) -> Imported:
    text = dedent(text)
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return kubernetes.read(text, source="cron.yaml")


def test_a_cron_job_becomes_a_job_with_its_policies(tmp_path: Path) -> None:
    found = cron_jobs()
    job = jobs(found, tmp_path)["mail-digest"]
    assert (job.schedule, job.timezone) == (("cron(30 6 ? * MON-FRI *)",), "Europe/Berlin")
    assert (job.overlap, job.retries.app) == ("forbid", (10, 20))
    assert job.command == ("digest", "--today")
    assert job.environment == {"LOG_LEVEL": "info"}
    assert (job.cpu_units, job.memory_mib) == (256, 1_024)
    assert job.container == "mail-digest"
    assert not left_out(found)
    assert 'image: "registry.example.com/digest:3"' in written(found)


def test_what_a_cron_job_does_not_say_is_what_kubernetes_would_do(tmp_path: Path) -> None:
    found = cron_jobs(("  concurrencyPolicy: Forbid\n", ""), ("      backoffLimit: 2\n", ""))
    job = jobs(found, tmp_path)["mail-digest"]
    assert job.overlap == "allow"
    assert job.retries.app == (10, 20, 40, 80, 160, 320)


@pytest.mark.parametrize(
    ("replaced", "key", "value"),
    [
        (("Forbid", "Replace"), "overlap", "replace"),
        (("Forbid", "Forbid\n  suspend: true"), "enabled", False),
        (("Forbid", "Forbid\n  startingDeadlineSeconds: 600"), "start_deadline_seconds", 600),
        (("Forbid", "Forbid\n  startingDeadlineSeconds: 5"), "start_deadline_seconds", 60),
        (("backoffLimit: 2", "activeDeadlineSeconds: 900"), "timeout_seconds", 900),
        (
            ("args: [digest", "command: [sh, -c]\n            args: [digest"),
            "command",
            ("sh", "-c", "digest", "--today"),
        ),
        (
            ('"30 6 * * 1-5"', '"0 9 */2 * 1"'),
            "schedule",
            ("cron(0 9 */2 * ? *)", "cron(0 9 ? * MON *)"),
        ),
        (("timeZone: Europe/Berlin", ""), "timezone", "UTC"),
        (("--today", "$$HOME"), "command", ("digest", "$HOME")),
        (('"30 6', '"CRON_TZ=Asia/Tokyo 30 6'), "timezone", "Asia/Tokyo"),
    ],
)
def test_a_policy_of_a_cron_job_becomes_a_key_of_the_job(
    tmp_path: Path, replaced: tuple[str, str], key: str, value: object
) -> None:
    job = jobs(cron_jobs(replaced), tmp_path)["mail-digest"]
    assert getattr(job, key) == value


def test_attempts_of_kubernetes_wait_six_minutes_at_most(tmp_path: Path) -> None:
    job = jobs(cron_jobs(("backoffLimit: 2", "backoffLimit: 8")), tmp_path)["mail-digest"]
    assert job.retries.app == (10, 20, 40, 80, 160, 320, 360, 360)


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_processor_is_that_of_its_nodes(architecture: str) -> None:
    arch = {"x86_64": "amd64"}.get(architecture, architecture)
    found = cron_jobs((_POD, f"nodeSelector: {{kubernetes.io/arch: {arch}}}"))
    assert (found.containers or {})["mail-digest"]["architecture"] == architecture


_POD = "restartPolicy: Never"
_CONTAINER = "- name: digest"


@pytest.mark.parametrize(
    ("replaced", "what", "reason"),
    [
        ((_POD, "initContainers: [{name: a}]"), "initContainers of mail-digest", "one container"),
        ((_POD, "volumes: [{name: a}]"), "volumes of mail-digest", "a bucket"),
        ((_POD, "serviceAccountName: a"), "serviceAccountName of mail-digest", "grants"),
        (
            (_CONTAINER, f"{_CONTAINER}\n            envFrom: [{{secretRef: {{name: a}}}}]"),
            "envFrom of mail-digest",
            "secrets of the container",
        ),
        (
            ("value: info", "valueFrom: {secretKeyRef: {name: a}}"),
            "LOG_LEVEL of mail-digest",
            "SECRET:KEY}",
        ),
        (
            ("value: info", "valueFrom: {configMapKeyRef: {name: a}}"),
            "LOG_LEVEL of mail-digest",
            "environment",
        ),
        (("LOG_LEVEL", "API_TOKEN"), "API_TOKEN of mail-digest", "pulumi config set --secret"),
        (("--today", "--token=abc"), "the command of mail-digest", "looks secret"),
        (("args: [digest, --today]", "tty: true"), "the command of mail-digest", "image's CMD"),
        (("cpu: 250m", "cpu: 64"), "resources of mail-digest", "no size with 65536 CPU units"),
        (("cpu: 250m", "cpu: many"), "resources of mail-digest", "no quantity"),
        (('"30 6 * * 1-5"', '"30 6 * * 7"'), "CronJob mail.digest", "Sunday is 0 there"),
        (("Europe/Berlin", "Europe/Berln"), "CronJob mail.digest", "write Europe/Berlin"),
        (("backoffLimit: 2", "parallelism: 4"), "parallelism", "array"),
    ],
)
def test_what_a_cron_job_has_that_a_job_cannot_is_left_out(
    replaced: tuple[str, str], what: str, reason: str
) -> None:
    assert reason in left_out(cron_jobs(replaced))[what]


def test_several_documents_and_lists_are_read_with_their_lines(tmp_path: Path) -> None:
    single = dedent(CRON_JOB)
    listed = "".join(f"  {line}\n" for line in single.splitlines()).replace("  api", "- api", 1)
    text = f"{single}---\nkind: ConfigMap\n---\nkind: List\nitems:\n{listed}"
    found = kubernetes.read(text, source="cron.yaml")
    assert list(jobs(found, tmp_path)) == ["mail-digest", "mail-digest-2"]
    assert [draft.where for draft in found.drafts] == ["cron.yaml:1", "cron.yaml:26"]
    assert "cron.yaml:22: ConfigMap is no CronJob: passed over" in written(found)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kind: Deployment", "has no CronJob"),
        ("", "has no CronJob"),
        ("kind: CronJob\nspec: {{ .Values.x }}\n  a: b", "render its templates"),
        ("a: b: c", "cron.yaml:1: is not YAML"),
        ("&a {kind: List, items: [*a]}", "has no CronJob"),
    ],
)
def test_what_has_no_cron_job_is_refused(text: str, reason: str) -> None:
    with pytest.raises(OpsError, match=reason):
        kubernetes.read(text, source="cron.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [("500m", 0.5), ("2", 2), ("1.5", 1.5), ("1e3", 1_000), ("128Mi", 2**27), ("1G", 1e9)],
)
def test_quantities_are_read_as_kubernetes_does(text: str, value: float) -> None:
    assert quantity(text) == pytest.approx(value)


def test_the_smallest_size_that_holds_both_is_taken() -> None:
    assert size_for(0, 0) == {"cpuUnits": 256, "memoryMib": 512}
    assert size_for(100, 3_000) == {"cpuUnits": 512, "memoryMib": 3_072}
    assert size_for(1_025, 1) == {"cpuUnits": 2_048, "memoryMib": 4_096}
