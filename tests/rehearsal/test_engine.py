import contextlib
import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.engine import DeployFailed, Deployment, ProgramRefused, Provider, Resource, deploy
from rehearsal.provider import AwsProvider
from stacks.stack_file import StackFile, read_stack_file
from tests.rehearsal.standin_cloud import StandInCloud, stand_in_cloud

PROJECT = Path(__file__).parents[2]
IMPORTS = "import pulumi, pulumi_aws as aws\n"
COMPONENT = """
class Pair(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Pair", name, None, opts)
        self.queue = aws.sqs.Queue("inner", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({"url": self.queue.url})
"""


@pytest.fixture
def cloud() -> Iterator[StandInCloud]:
    with stand_in_cloud() as empty:
        yield empty


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path


def run(
    project: Path,
    cloud: StandInCloud,
    program: str,
    config: dict[str, str] | None = None,
    secret_keys: list[str] | None = None,
    **more: Any,
) -> Deployment:
    (project / "__main__.py").write_text(IMPORTS + program)
    stack_file = StackFile("test", "dev", config or {}, secret_keys or [])
    return deploy(project, stack_file, AwsProvider(cloud), **more)


def failures(project: Path, cloud: StandInCloud, program: str, **more: Any) -> list[str]:
    with pytest.raises(DeployFailed) as failed:
        run(project, cloud, program, **more)
    return str(failed.value).splitlines()


def test_exports_hold_what_aws_gave(project: Path, cloud: StandInCloud) -> None:
    made = run(project, cloud, "q = aws.sqs.Queue('q', name='jobs')\npulumi.export('arn', q.arn)")
    assert made.outputs == {"arn": "arn:aws:sqs:eu-west-1:123456789012:jobs"}
    assert cloud.client("sqs").list_queues()["QueueUrls"]


def test_a_urn_is_the_one_that_the_cli_makes(project: Path, cloud: StandInCloud) -> None:
    made = run(project, cloud, COMPONENT + "Pair('two')\naws.sqs.Queue('own')")
    assert set(made.resources) == {
        "urn:pulumi:dev::test::test:index:Pair::two",
        "urn:pulumi:dev::test::test:index:Pair$aws:sqs/queue:Queue::inner",
        "urn:pulumi:dev::test::aws:sqs/queue:Queue::own",
    }


def test_a_resource_knows_its_parent_and_what_it_depends_on(
    project: Path, cloud: StandInCloud
) -> None:
    made = run(
        project,
        cloud,
        COMPONENT
        + "pair = Pair('two')\ntopic = aws.sns.Topic('t')\n"
        + "aws.sqs.Queue('last', tags={'t': topic.name},"
        + " opts=pulumi.ResourceOptions(depends_on=[pair]))",
    )
    by_name = {resource.name: resource for resource in made.resources.values()}
    assert by_name["inner"].parent == by_name["two"].urn
    assert {by_name["inner"].urn, by_name["t"].urn} <= by_name["last"].dependencies
    assert by_name["two"].urn in by_name["inner"].dependencies


def test_a_failure_takes_its_dependents_along_and_nothing_else(
    project: Path, cloud: StandInCloud
) -> None:
    assert failures(
        project,
        cloud,
        "role = aws.iam.Role('role', assume_role_policy='{}')\n"
        "bad = aws.iam.RolePolicy('policy', role=role.name, policy='{}')\n"
        "aws.sqs.Queue('after', opts=pulumi.ResourceOptions(depends_on=[bad]))\n"
        "aws.sqs.Queue('other', name='other')\n",
    ) == [
        "aws:iam/role:Role role: assumeRolePolicy: no Statement",
        "aws:iam/rolePolicy:RolePolicy policy: skipped, because it needs role, which failed",
        "aws:sqs/queue:Queue after: skipped, because it needs policy, which failed",
    ]
    assert cloud.client("sqs").get_queue_url(QueueName="other")["QueueUrl"]


def test_a_failed_deployment_says_what_it_made(project: Path, cloud: StandInCloud) -> None:
    with pytest.raises(DeployFailed) as failed:
        run(project, cloud, "aws.sqs.Queue('good')\naws.sqs.Queue('bad', name='no spaces')")
    assert [made.name for made in failed.value.deployment.resources.values()] == ["good"]
    assert [failure.name for failure in failed.value.failures] == ["bad"]


def test_the_children_of_a_failed_component_are_skipped(project: Path, cloud: StandInCloud) -> None:
    program = COMPONENT + "Pair('two')\nPair('two')"
    lines = failures(project, cloud, program)
    assert any(line.startswith("test:index:Pair two: registered twice") for line in lines)


def test_two_resources_of_one_name_are_refused(project: Path, cloud: StandInCloud) -> None:
    (line,) = failures(project, cloud, "aws.sqs.Queue('q')\naws.sqs.Queue('q')")
    assert line.startswith("aws:sqs/queue:Queue q: registered twice: give one of the two another")


@pytest.mark.parametrize(
    ("program", "line"),
    [
        (
            "aws.sqs.Queue.get('q', 'x')",
            "aws:sqs/queue:Queue q: reading an existing resource (.get) is not known",
        ),
        (
            "aws.sqs.Queue('q', opts=pulumi.ResourceOptions(import_='x'))",
            "aws:sqs/queue:Queue q: import is not known to the rehearsal",
        ),
        (
            "aws.lambda_.Function('f', role='x')",
            "aws:lambda/function:Function f: resource type aws:lambda/function:Function is not",
        ),
        (
            "aws.ecs.Cluster('c', service_connect_defaults={'namespace': 'x'})",
            "aws:ecs/cluster:Cluster c: argument 'serviceConnectDefaults' is not known",
        ),
    ],
)
def test_what_the_rehearsal_does_not_know_is_an_error(
    project: Path, cloud: StandInCloud, program: str, line: str
) -> None:
    (said,) = failures(project, cloud, program)
    assert said.startswith(line)


@pytest.mark.parametrize("call", ["aws.ec2.get_vpc(id='x')", "aws.ec2.get_vpc_output(id='x')"])
def test_an_unknown_function_stops_the_program(
    project: Path, cloud: StandInCloud, call: str
) -> None:
    with pytest.raises(NotImplementedError, match="function aws:ec2/getVpc:getVpc is not known"):
        run(project, cloud, call)


def test_a_program_that_refuses_is_heard_word_by_word(project: Path, cloud: StandInCloud) -> None:
    with pytest.raises(ProgramRefused) as refused:
        run(project, cloud, "raise pulumi.RunError('one is wrong\\ntwo is wrong')")
    assert refused.value.lines == ["one is wrong", "two is wrong"]
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "program",
    ["1 / 0", "q = aws.sqs.Queue('q')\nq.arn.apply(lambda arn: 1 / 0)"],
)
def test_an_exception_of_the_program_is_raised(
    project: Path, cloud: StandInCloud, program: str
) -> None:
    with pytest.raises(ZeroDivisionError):
        run(project, cloud, program)


def test_a_failure_leaves_no_noise_and_no_threads(
    project: Path,
    cloud: StandInCloud,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = set(threading.enumerate())
    failures(project, cloud, "r = aws.iam.Role('r', assume_role_policy='{}')\nr.arn.apply(print)")
    broken = (
        "arn = aws.sqs.Queue('q').arn.apply(lambda arn: 1 / 0)\n"
        "pulumi.Output.all(arn, arn.apply(print)).apply(print)\n"
        "aws.sqs.Queue('r', name=arn)\npulumi.export('arn', arn)"
    )
    for _ in range(3):
        with contextlib.suppress(ZeroDivisionError):
            run(project, cloud, broken)
    gc.collect()  # a future that nobody asked tells its exception when it goes
    assert set(threading.enumerate()) == before
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_warnings_of_the_program_are_kept(project: Path, cloud: StandInCloud) -> None:
    made = run(project, cloud, "pulumi.log.warn('careful')\npulumi.log.info('by the way')")
    assert made.warnings == ["careful"]


def test_secrets_reach_aws_and_nobody_else(project: Path, cloud: StandInCloud) -> None:
    made = run(
        project,
        cloud,
        "token = pulumi.Config().require_secret('token')\n"
        "s = aws.secretsmanager.Secret('s')\n"
        "v = aws.secretsmanager.SecretVersion('v', secret_id=s.id, secret_string=token)\n"
        "pulumi.export('value', v.secret_string)\n"
        "pulumi.export('nested', {'both': [token, 5]})\n"
        "pulumi.export('id', s.id)",
        {"test:token": "hush"},
        ["test:token"],
    )
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=made.outputs["id"])
    assert secret["SecretString"] == "hush"
    assert made.outputs["value"] == "hush"
    assert made.masked_outputs["value"] == "[secret]"
    assert made.masked_outputs["nested"] == {"both": ["[secret]", 5]}
    assert made.masked_outputs["id"] == made.outputs["id"]
    assert "hush" not in repr(made)


def test_an_output_can_be_declared_secret(project: Path, cloud: StandInCloud) -> None:
    made = run(
        project,
        cloud,
        "opts = pulumi.ResourceOptions(additional_secret_outputs=['url'])\n"
        "pulumi.export('url', aws.sqs.Queue('q', opts=opts).url)",
    )
    assert made.masked_outputs == {"url": "[secret]"}


def test_a_failure_does_not_tell_secrets(project: Path, cloud: StandInCloud) -> None:
    (line,) = failures(
        project,
        cloud,
        "name = pulumi.Output.secret('hush hush')\naws.sns.Topic('t', name=name)",
    )
    assert "name is '[secret]': letters" in line


def test_configuration_reaches_the_program_as_text(project: Path, cloud: StandInCloud) -> None:
    made = run(
        project,
        cloud,
        "c = pulumi.Config()\npulumi.export('all', [c.require('text'), c.require_int('number'),"
        " c.require_object('map'), pulumi.get_stack(), pulumi.get_project()])",
        {"test:text": "yes", "test:number": "5", "test:map": '{"a":[1]}'},
    )
    assert made.outputs["all"] == ["yes", 5, {"a": [1]}, "dev", "test"]


def test_the_stacks_region_and_tags_are_the_default_providers(
    project: Path, cloud: StandInCloud
) -> None:
    made = run(
        project,
        cloud,
        "q = aws.sqs.Queue('q', tags={'own': '1'})\n"
        "pulumi.export('q', [q.region, q.tags, q.tags_all])",
        {"aws:region": "ap-northeast-1", "aws:defaultTags": '{"tags":{"stack":"dev"}}'},
    )
    assert made.outputs["q"] == [
        "ap-northeast-1",
        {"own": "1"},
        {"own": "1", "stack": "dev"},
    ]


def test_a_resource_gets_region_and_tags_of_the_provider_that_it_names(
    project: Path, cloud: StandInCloud
) -> None:
    made = run(
        project,
        cloud,
        "ours = aws.Provider('ours', region='us-east-2', default_tags={'tags': {'a': 'b'}})\n"
        "opts = pulumi.ResourceOptions(provider=ours)\n"
        "q, other = aws.sqs.Queue('q', opts=opts), aws.sqs.Queue('other')\n"
        "zones = aws.get_availability_zones(opts=pulumi.InvokeOptions(provider=ours))\n"
        "pulumi.export('all', [q.arn, q.tags_all, other.region, zones.names])",
    )
    arn, tags, region, zones = made.outputs["all"]
    assert arn.startswith("arn:aws:sqs:us-east-2:")
    assert tags == {"a": "b"}
    assert region == "eu-west-1"
    assert zones[0] == "us-east-2a"


def test_progress_is_told_resource_by_resource(project: Path, cloud: StandInCloud) -> None:
    told: list[Resource] = []
    made = run(project, cloud, "aws.sqs.Queue('a')\naws.sqs.Queue('b')", on_resource=told.append)
    assert told == list(made.resources.values())


def test_a_changed_program_is_read_anew(project: Path, cloud: StandInCloud) -> None:
    program = "import names\npulumi.export('name', names.NAME)"
    (project / "names.py").write_text("NAME = 'one'")
    assert run(project, cloud, program).outputs == {"name": "one"}
    (project / "names.py").write_text("NAME = 'two'")
    assert run(project, cloud, program).outputs == {"name": "two"}
    assert "names" not in sys.modules


def test_a_project_gets_its_own_modules_and_the_process_keeps_its(
    project: Path, cloud: StandInCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from definitions import sizes

    (project / "definitions").mkdir()
    (project / "definitions" / "__init__.py").touch()
    (project / "definitions" / "sizes.py").write_text("OURS = False")
    program = "from definitions import sizes\npulumi.export('ours', sizes.OURS)"
    path = list(sys.path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert run(project, cloud, program).outputs == {"ours": False}
    assert sys.modules["definitions.sizes"] is sizes
    assert sys.path == path
    assert not list(project.rglob("__pycache__"))


def test_a_program_may_set_its_own_garbage_collection(project: Path, cloud: StandInCloud) -> None:
    before = gc.get_threshold()
    run(project, cloud, "import gc\ngc.set_threshold(99_999, 9, 9)")
    assert gc.get_threshold() == before


def test_the_program_knows_which_keys_are_secret(project: Path, cloud: StandInCloud) -> None:
    made = run(
        project,
        cloud,
        "known = pulumi.runtime.is_config_secret\n"
        "pulumi.export('secret', [known('test:token'), known('test:size')])",
        {"test:token": "hush", "test:size": "5"},
        ["test:token"],
    )
    assert made.outputs["secret"] == [True, False]


def test_the_program_runs_in_its_directory(project: Path, cloud: StandInCloud) -> None:
    here = Path.cwd()
    made = run(project, cloud, "from pathlib import Path\npulumi.export('at', str(Path.cwd()))")
    assert made.outputs == {"at": str(project)}
    assert Path.cwd() == here


def test_one_deployment_knows_nothing_of_the_last(project: Path, cloud: StandInCloud) -> None:
    run(project, cloud, "aws.sqs.Queue('q')\npulumi.export('a', 1)", {"test:a": "1"})
    made = run(project, cloud, "aws.sqs.Queue('q')\npulumi.export('b', pulumi.Config().get('a'))")
    assert made.outputs == {}
    assert [resource.name for resource in made.resources.values()] == ["q"]


def test_any_provider_will_do(project: Path) -> None:
    class Echo:
        def configure(self, variables: dict[str, Any]) -> Provider:
            assert variables == {"region": "x"}
            return self

        def check(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
            return {**inputs, "checked": type_}

        def create(
            self, type_: str, name: str, inputs: dict[str, Any]
        ) -> tuple[str, dict[str, Any]]:
            assert inputs == {"delaySeconds": 5, "checked": type_}
            return name, {"arn": "made"}

        def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
            return {"accountId": f"{token} {args}"}

    (project / "__main__.py").write_text(
        IMPORTS + "q = aws.sqs.Queue('q', delay_seconds=5)\n"
        "who = aws.get_caller_identity().account_id\n"
        "pulumi.export('all', [q.id, q.arn, q.delay_seconds, who])"
    )
    made = deploy(project, StackFile("test", "dev", {"aws:region": "x"}, []), Echo())
    called = "aws:index/getCallerIdentity:getCallerIdentity {}"
    assert made.outputs["all"] == ["q", "made", 5, called]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_stacks_of_this_project_deploy(stack: str, cloud: StandInCloud) -> None:
    ours: set[bool] = set()

    def look(_: Resource) -> None:
        ours.add("rehearsal.engine" in sys.modules)

    made = deploy(PROJECT, read_stack_file(PROJECT, stack), AwsProvider(cloud), look)
    assert ours == {True}  # of this project's modules, the rehearsal's own stay while it runs
    assert made.warnings == []
    assert made.masked_outputs["scheduleGroup"] == f"fargate-batch-{stack}"
