"""What a stack will cost a month, from its stack file alone: nothing has to be deployed.

What cannot be known before is assumed, and said: how long a task takes, how much it logs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from definitions import costs, flows
from definitions.calendars import Calendar
from definitions.endpoints import GATEWAYS
from definitions.frequency import frequency
from definitions.job_array import MAX_INLINE
from definitions.prices import (
    ALARM_METRIC_MONTH,
    DASHBOARD_MONTH,
    ENDPOINT_GB,
    KEY_MONTH,
    PRICES,
    PUBLIC_ADDRESS_HOUR,
    SECRET_MONTH,
    STATE_TRANSITION,
    Prices,
)
from ops.errors import OpsError
from stacks.services import called_services
from stacks.settings import Settings
from stacks.settings.flows import FlowSettings
from stacks.settings.jobs import JobSettings
from stacks.settings.notify import JobNotifySettings
from stacks.settings.schedules import ScheduleSettings, timetable_of
from stacks.settings.workers import WorkerSettings
from stacks.wording import instead

USUAL_MINUTES = 10.0
"""That a task is assumed to take, pull of the image included, or its timeout if that is less."""
LOG_MB_A_TASK = 1.0
"""That a task is assumed to log."""
MB_A_GB = 1_000
MONTHS = 12

NOT_COUNTED = (
    "failed attempts and what they repeat",
    "GB through endpoints and NAT gateways, to the internet and to other regions",
    "storage: images in ECR (0.10 a GB), logs kept, buckets, tables",
    "requests to S3, SQS, SNS, KMS, Secrets Manager; X-Ray; webhooks: cents, at most",
    "free tiers, discounts, taxes",
)


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """What costs the same whether jobs run or not."""

    what: str
    quantity: str
    usd: float
    """A month."""


@dataclass(frozen=True, kw_only=True)
class PerJob:
    """What a job, flow or worker costs beside that."""

    name: str
    kind: str
    started_by: str
    runs: float | None
    """A month, counted over a year; ``None`` where no schedule says."""
    tasks: int
    """Of one run."""
    hours: float
    """A month, of all tasks."""
    run_usd: float
    """One run that succeeds at its first attempt."""
    usd: float
    """A month."""
    most_usd: float
    """A month in which each task takes the whole timeout."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """What one way to connect the tasks would cost."""

    mode: str
    consists_of: str
    usd: float
    """A month, the addresses of tasks included."""
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """All of it, in USD a month."""

    region: str
    fixed: tuple[Fixed, ...]
    jobs: tuple[PerJob, ...]
    networks: tuple[Network, ...]
    services: tuple[str, ...]
    """Those whose endpoints cost something."""
    break_even: tuple[str, ...]

    @property
    def fixed_usd(self) -> float:
        """What is paid while nothing runs."""
        return sum(one.usd for one in self.fixed)

    @property
    def jobs_usd(self) -> float:
        """What runs cost."""
        return sum(one.usd for one in self.jobs)

    @property
    def most_usd(self) -> float:
        """All together, should each task take its whole timeout."""
        return self.fixed_usd + sum(one.most_usd for one in self.jobs)


@dataclass(frozen=True)
class Minutes:
    """How long tasks are assumed to take."""

    usual: float
    by_name: Mapping[str, float]

    def of(self, name: str, timeout_seconds: int) -> float:
        """Return the minutes of a job's tasks: what was said of it, and never over its timeout."""
        return min(self.by_name.get(name, self.usual), timeout_seconds / 60)


def read_minutes(given: list[str], known: Mapping[str, object]) -> Minutes:
    """Read ``20`` for all and ``report=45`` for one.

    Raises:
        OpsError: it is no number of minutes, or there is no such job.
    """
    usual, by_name = USUAL_MINUTES, dict[str, float]()
    for text in given:
        name, said, number = text.rpartition("=")
        try:
            minutes = float(number)
        except ValueError:
            minutes = 0.0
        if not 0 < minutes < float("inf"):
            raise OpsError(f"--minutes {text}: write a number of minutes, as 20 or report=45")
        if said and name not in known:
            raise OpsError(
                f"--minutes {text}: the stack has no job {name!r}: {instead(name, known)}"
            )
        if said:
            by_name[name] = minutes
        else:
            usual = minutes
    return Minutes(usual, by_name)


def estimate(settings: Settings, minutes: Minutes, region: str | None = None) -> Estimate:
    """Estimate a stack, in its own region or as if it were in another one.

    Raises:
        OpsError: there are no prices of that region here.
    """
    region = region or settings.region
    prices = prices_of(region)
    jobs = tuple(_per_job(settings, prices, minutes))
    hours = sum(one.hours for one in jobs)
    networks = tuple(_networks(settings, prices, hours))
    return Estimate(
        region=region,
        fixed=tuple(_fixed(settings, prices)),
        jobs=jobs,
        networks=networks,
        services=tuple(interface_services(settings)),
        break_even=tuple(_break_even(settings, prices)),
    )


def prices_of(region: str) -> Prices:
    """Return the prices of a region.

    Raises:
        OpsError: they are not known here; those that are get named.
    """
    if region not in PRICES:
        raise OpsError(
            f"there are no prices of {region} here (definitions/prices.py): add them from AWS's "
            f"pages, or see another region's by --region: {', '.join(PRICES)}"
        )
    return PRICES[region]


# -- what is paid while nothing runs


def _fixed(settings: Settings, prices: Prices) -> Iterator[Fixed]:
    network, services = settings.network, interface_services(settings)
    zones = network.availability_zones
    if network.mode == "endpoints":
        yield Fixed(
            what="interface endpoints",
            quantity=f"{len(services)} in {_counted(zones, 'zone')}",
            usd=costs.endpoints_month(prices, services=len(services), zones=zones),
        )
    if network.mode == "nat":
        gateways = zones if network.nat_gateways == "onePerZone" else 1
        yield Fixed(
            what="NAT gateways with their addresses",
            quantity=str(gateways),
            usd=costs.nat_month(prices, gateways=gateways),
        )
    yield Fixed(what="KMS key", quantity="1", usd=KEY_MONTH)
    secrets = sum(secret.values is not None for secret in settings.secrets.values())
    if secrets:
        yield Fixed(what="secrets", quantity=str(secrets), usd=secrets * SECRET_MONTH)
    metrics = alarm_metrics(settings)
    yield Fixed(what="alarms, by metric", quantity=str(metrics), usd=metrics * ALARM_METRIC_MONTH)
    if settings.dashboard:
        yield Fixed(what="dashboard", quantity="1", usd=DASHBOARD_MONTH)
    if settings.container_insights:
        containers = len(settings.containers)
        yield Fixed(
            what="Container Insights, about",
            quantity=_counted(containers, "container"),
            usd=containers * costs.INSIGHTS_MONTH,
        )


def interface_services(settings: Settings) -> list[str]:
    """Name the services whose endpoints cost something, were the network one of endpoints."""
    return [service for service in called_services(settings) if service not in GATEWAYS]


def alarm_metrics(settings: Settings) -> int:
    """Count the metrics that the stack's alarms are on."""
    late = any(job.warn_after_seconds is not None for job in settings.jobs.values())
    expected = any(
        one.expect_success_within_seconds is not None
        for section in (settings.jobs, settings.flows, settings.workers)
        for one in section.values()
    )
    return (
        costs.ALARM_METRICS
        + (costs.ALARM_METRICS_OF_WATCHER if late or expected else 0)
        + (costs.ALARM_METRICS_OF_LATE if late else 0)
    )


# -- what runs cost


@dataclass(frozen=True, kw_only=True)
class _Often:
    """How often something runs a month, and what its triggers make beside that."""

    runs: float
    skipped: float

    @property
    def triggers(self) -> float:
        return self.runs + self.skipped


def _per_job(settings: Settings, prices: Prices, minutes: Minutes) -> Iterator[PerJob]:
    days = {name: calendar.days for name, calendar in settings.calendars.items()}
    flow_of = {job: name for name, flow in settings.flows.items() for job in flow.jobs}
    flow_often = {name: _often(name, flow, days, settings) for name, flow in settings.flows.items()}
    for name, job in settings.jobs.items():
        often = _often(name, job, days, settings)
        flow = flow_of.get(name)
        yield _job(name, job, settings, prices, minutes, often, flow_often.get(flow or ""), flow)
    for name, flow in settings.flows.items():
        yield _flow(name, flow, prices, flow_often[name])
    for name, worker in settings.workers.items():
        yield _worker(name, worker, settings, prices, minutes, _often(name, worker, days, settings))


def _often(
    name: str, entry: ScheduleSettings, days: Mapping[str, Calendar], settings: Settings
) -> _Often:
    timetable = timetable_of(name, entry, settings.now)
    found = frequency(timetable, entry.calendar_rules, days, settings.now)
    return _Often(runs=found.runs / MONTHS, skipped=found.skipped / MONTHS)


def _job(
    name: str,
    job: JobSettings,
    settings: Settings,
    prices: Prices,
    minutes: Minutes,
    often: _Often,
    in_flow: _Often | None,
    flow: str | None,
) -> PerJob:
    tasks = job.array.elements if job.array else 1
    hour = _task_hour(
        job.container,
        settings,
        prices,
        cpu_units=job.cpu_units,
        memory_mib=job.memory_mib,
        spot=job.capacity != "onDemand",
    )
    machine = _machine_transitions(job)
    by_trigger = _start_transitions(job, job.overlap) + machine + _told_transitions(job.notify)
    if job.warn_after_seconds is not None:
        by_trigger += costs.TRANSITIONS_WATCHED
    step = settings.flows[flow].jobs[name] if flow else None
    by_flow = machine + _told_transitions(step.notify if step else None)
    flow_runs = in_flow.runs if in_flow else 0.0
    sources = [
        *(["schedule"] if job.schedule else []),
        *(["events"] if job.on else []),
        *([f"flow {flow}"] if flow else []),
    ]
    usual, most = minutes.of(name, job.timeout_seconds), job.timeout_seconds / 60
    per_tasks = [tasks * (hour * costs.billed_hours(each) + _log(prices)) for each in (usual, most)]
    around = (
        _triggers(often, prices)
        + (often.runs * by_trigger + flow_runs * by_flow) * STATE_TRANSITION
    )
    runs = often.runs + flow_runs
    of_a_run = by_flow if flow and not often.runs else by_trigger
    return PerJob(
        name=name,
        kind="job",
        started_by=_started_by(sources, enabled=job.enabled),
        runs=runs if job.schedule or flow else None,
        tasks=tasks,
        hours=runs * tasks * costs.billed_hours(usual),
        run_usd=per_tasks[0] + of_a_run * STATE_TRANSITION,
        usd=runs * per_tasks[0] + around,
        most_usd=runs * per_tasks[1] + around,
    )


def _flow(name: str, flow: FlowSettings, prices: Prices, often: _Often) -> PerJob:
    """Return what a flow itself costs; its jobs are counted where they stand."""
    net = flows.arranged({job: step.after for job, step in flow.jobs.items()})
    machine = len(flow.jobs) + _branchings(net) + 1
    transitions = _start_transitions(flow, flow.overlap) + machine + _told_transitions(flow.notify)
    usd = _triggers(often, prices) + often.runs * transitions * STATE_TRANSITION
    return PerJob(
        name=name,
        kind="flow",
        started_by=_started_by(["schedule"] if flow.schedule else [], enabled=flow.enabled),
        runs=often.runs if flow.schedule else None,
        tasks=0,
        hours=0.0,
        run_usd=transitions * STATE_TRANSITION,
        usd=usd,
        most_usd=usd,
    )


def _worker(
    name: str,
    worker: WorkerSettings,
    settings: Settings,
    prices: Prices,
    minutes: Minutes,
    often: _Often,
) -> PerJob:
    hour = _task_hour(worker.container, settings, prices)
    transitions = (
        _start_transitions(worker, worker.overlap)
        + costs.TRANSITIONS_OF_A_WORKER
        + _told_transitions(worker.notify)
    )
    usual, most = minutes.of(name, worker.timeout_seconds), worker.timeout_seconds / 60
    run, most_run = (
        hour * costs.billed_hours(each) + _log(prices) + transitions * STATE_TRANSITION
        for each in (usual, most)
    )
    return PerJob(
        name=name,
        kind="worker",
        started_by=_started_by(["schedule"] if worker.schedule else [], enabled=worker.enabled),
        runs=often.runs if worker.schedule else None,
        tasks=1,
        hours=often.runs * costs.billed_hours(usual),
        run_usd=run,
        usd=often.runs * run + _triggers(often, prices),
        most_usd=often.runs * most_run + _triggers(often, prices),
    )


def _task_hour(
    container_name: str,
    settings: Settings,
    prices: Prices,
    *,
    cpu_units: int | None = None,
    memory_mib: int | None = None,
    spot: bool = False,
) -> float:
    container = settings.containers[container_name]
    return costs.task_hour(
        prices,
        cpu_units=cpu_units or container.cpu_units,
        memory_mib=memory_mib or container.memory_mib,
        architecture=container.architecture,
        storage_gb=container.ephemeral_storage_gib,
        spot=spot,
        public_address=has_public_addresses(settings),
    )


def has_public_addresses(settings: Settings) -> bool:
    """Tell whether tasks have an address on the internet, which costs while they run."""
    return settings.network.mode == "public" or settings.network.assign_public_ip


def _start_transitions(entry: ScheduleSettings, overlap: str) -> int:
    """Count what the dispatcher makes of a trigger that starts a run."""
    asks = entry.calendar_rules.in_trigger(entry.timezone) is not None
    return (
        costs.TRANSITIONS_TO_START
        + (0 if overlap == "allow" else costs.TRANSITIONS_TO_LOOK_FOR_OLDER)
        + (costs.TRANSITIONS_OF_CALENDAR if asks else 0)
        + (0 if entry.expect_success_within_seconds is None else costs.TRANSITIONS_EXPECTED)
    )


def _machine_transitions(job: JobSettings) -> int:
    if job.array is None:
        return costs.TRANSITIONS_OF_A_TASK
    elements = job.array.elements
    alone = 1 if elements > MAX_INLINE else 0  # then each is an execution of its own
    return costs.TRANSITIONS_OF_AN_ARRAY + elements * (costs.TRANSITIONS_OF_A_TASK + alone)


def _told_transitions(notify: JobNotifySettings | None) -> int:
    """Count what the notifier makes of a run that succeeded."""
    if notify is not None and notify.on in ("success", "all"):
        return costs.TRANSITIONS_TOLD
    looks_back = notify is not None and notify.on_recovery
    return costs.TRANSITIONS_NOT_TOLD + (costs.TRANSITIONS_OF_LOOKING_BACK if looks_back else 0)


def _branchings(net: flows.Net) -> int:
    match net:
        case str():
            return 0
        case flows.InTurn():
            return sum(map(_branchings, net.parts))
        case flows.AtOnce():
            return 1 + sum(map(_branchings, net.parts))


def _triggers(often: _Often, prices: Prices) -> float:
    """Return what schedules cost, and the triggers that calendars keep from starting a run."""
    return (
        often.triggers * prices.million_triggers / 1_000_000
        + often.skipped * costs.TRANSITIONS_OF_A_SKIP * STATE_TRANSITION
    )


def _log(prices: Prices) -> float:
    return LOG_MB_A_TASK / MB_A_GB * prices.log_gb


def _started_by(sources: list[str], *, enabled: bool) -> str:
    if not enabled:
        return "off"
    return " + ".join(sources) or "by hand"


# -- other networks


def _networks(settings: Settings, prices: Prices, task_hours: float) -> Iterator[Network]:
    network, services = settings.network, interface_services(settings)
    zones = network.availability_zones
    made = {
        "public": (
            f"an address for each of {task_hours:,.1f} task hours",
            task_hours * PUBLIC_ADDRESS_HOUR,
        ),
        "nat, one": ("1 gateway", costs.nat_month(prices, gateways=1)),
        **(
            {"nat, onePerZone": (f"{zones} gateways", costs.nat_month(prices, gateways=zones))}
            if zones > 1
            else {}
        ),
        "endpoints": (
            f"{_counted(len(services), 'service')} in {_counted(zones, 'zone')}",
            costs.endpoints_month(prices, services=len(services), zones=zones),
        ),
    }
    gateways = network.nat_gateways if zones > 1 else "one"
    mode = f"nat, {gateways}" if network.mode == "nat" else network.mode
    for name, (consists_of, usd) in made.items():
        yield Network(mode=name, consists_of=consists_of, usd=usd, chosen=name == mode)


def _break_even(settings: Settings, prices: Prices) -> Iterator[str]:
    """Say from where on another network is the cheaper one."""
    zones, services = settings.network.availability_zones, interface_services(settings)
    endpoints = costs.endpoints_month(prices, services=len(services), zones=zones)
    nat = costs.nat_month(prices, gateways=1)
    for name, usd in (("endpoints", endpoints), ("one NAT gateway", nat)):
        yield (
            f"public costs less than {name} up to {usd / PUBLIC_ADDRESS_HOUR:,.0f} task hours "
            "a month"
        )
    if endpoints <= nat:
        yield "endpoints cost less than one NAT gateway, however much goes through them"
    else:
        gb = costs.break_even_gb(nat, prices.nat_gb, endpoints, ENDPOINT_GB)
        yield f"one NAT gateway costs less than endpoints up to {gb:,.0f} GB a month"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
