"""Why each statement of a role's policy is there, by its Sid: the reference of the roles says it.

A Sid names the need in two or three words and means the same in every policy that has it.
"""

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    # of machines
    "RunTasks": "An attempt of a run is a task: of this stack's task definitions, in its cluster.",
    "WatchAndStopTasks": "A run waits for its task's end, and stops it on a timeout or when the "
    "run itself is stopped.",
    "TagTasks": "Tasks carry the tags of their job; only at their start.",
    "GiveTasksTheirRoles": "A task runs with the two roles of its container, which only ECS gets.",
    "HearOfTheEndOfTasks": "Step Functions hears of a task's end by a managed rule, which it "
    "makes itself (`.sync`).",
    "StartElements": "A large array's elements are executions of the job's own machine "
    "(distributed Map); a role cannot be held to the one machine that uses it.",
    "WatchAndStopElements": "It waits for its elements, and stops them when it is stopped.",
    "FindTasks": "A run with `progress` that hears nothing looks for its task to stop it; `ops "
    "runs` asks of a large stack which jobs have tasks.",
    "DeliverExecutionLogs": "Step Functions writes failed executions to a log group; this is its "
    "guide's list, and AWS takes no resource for it.",
    "Trace": "`tracing: true`: X-Ray traces; AWS takes no resource for it.",
    "StartRuns": "Each step of a flow is a run of a job's own machine.",
    "WatchAndStopRuns": "A flow waits for its steps' ends, and stops those that run beside one "
    "that failed.",
    "HearOfTheEndOfRuns": "Step Functions hears of a run's end by a managed rule (`.sync:2`).",
    # of the dispatcher
    "FindAndStartRuns": "Whether an older run still goes, and then the run itself.",
    "StopOlderRuns": "`overlap: replace`.",
    "RecordSkippedRuns": "A run that is skipped is an execution of the machine that lists them.",
    # of the notifier and the watcher
    "ReadRuns": "An event tells the end of a run without its input and output once they are large.",
    "LookBack": "`onRecovery`: whether the runs before a success had failed.",
    "Publish": "The message, to the stack's topics and those of its channels.",
    "EncryptForTopics": "The topics are encrypted with the stack's key.",
    "PostToWebhooks": "A message for webhooks is an event, under this stack's name only.",
    "KeepUndelivered": "What could not be delivered is kept in the dead-letter queue.",
    "CallWebhooks": "Calls the addresses of this stack's channels.",
    "LookAtRuns": "Whether the run that was to succeed, or to end, has.",
    "FindRuns": "Which runs there are since the due time.",
    "SeeWhatWasSkipped": "Why a run was skipped.",
    "SeeWhatIsPaused": "A paused or deleted schedule explains a missing run.",
    "ReadDeadLetters": "So does a trigger that could not be delivered.",
    "Tell": "Has the notifier tell of it.",
    # of what starts machines
    "StartDispatcher": "A trigger starts the dispatcher and nothing else.",
    "StartWatcher": "A watched job's second schedule starts the watcher.",
    "StartMachine": "A rule starts its one machine.",
    "TakeMessages": "A pipe takes messages off the stack's queues, and deletes those it delivered.",
    "ResumeSchedules": "The end of a pause that people gave an end.",
    "LeaveSchedulesTheirRole": "Changing a schedule hands its role over once more, the same.",
    "EnableRules": "The same for jobs that events start,",
    "StartPipes": "and for those that messages start.",
    # of people: `python -m ops`
    "FindElements": "Elements of a large array are executions of a Map run: their logs.",
    "ReadDispatched": "What became of a trigger: started, duplicate, or skipped and why.",
    "FindSkipped": "Runs that were skipped belong to the history,",
    "ReadSkipped": "with the reason.",
    "ReadLogs": "What programs wrote, and nothing else of CloudWatch Logs.",
    "SeeTasks": "`ops runs` asks whose tasks they are.",
    "SeeWhatIsDeployed": "What there is beside the stack file's jobs; AWS takes no resource for "
    "these lists.",
    "EndRuns": "`stop` and `redrive`.",
    "PauseAndResume": "`pause` and `resume` change a schedule's state.",
    "ChangeOwnSchedules": "`schedule add` and `remove`: only in the group that is people's own.",
    "GiveSchedulesTheirRole": "A schedule that people add or change keeps the stack's role for "
    "schedules.",
    "PauseEvents": "`pause` of a job that events start,",
    "PauseMessages": "or messages.",
    "CompareMachines": "`doctor`: whether somebody changed a state machine by hand,",
    "SeeAlarms": "which alarms are on (a filter by name still asks for all),",
    "SeeLogGroups": "whether log groups are there; AWS takes no resource for it,",
    "SeeRules": "whether rules are on, and start what they should,",
    "SeePipes": "and pipes run;",
    "SeeSlack": "whether Slack's workspace is authorised and its channels configured: AWS lists "
    "all of an account.",
    "TakeDeadLetters": "`dead-letters`: looks at them, and takes those away that were delivered.",
    "DeliverAgain": "`dead-letters redrive` starts what the letter was for; `test-notify` the "
    "notifier.",
    "PostAgain": "A message for webhooks is delivered once more as the event that it was.",
    "WaitForMessages": "`test-notify` waits for what becomes of its message.",
    "SeeWhoIsSubscribed": "Whether addresses have confirmed.",
    # of AWS's services
    "WriteFlowLogs": "The network's flow logs are written to their group, which exists.",
    "ReadAlarms": "Chatbot draws the graph of an alarm of this stack,",
    "ReadMetrics": "and of its metrics; AWS takes no resource for it.",
    # of Fargate, before a program starts
    "WriteLogs": "The program's output, to its container's log group.",
    "LogInToEcr": "The token for a pull; AWS takes no resource for it.",
    "PullImage": "The container's image, from its repository only.",
    "ReadSecrets": "Values of secrets that become environment variables, or that were granted.",
    "DecryptSecrets": "They are encrypted with the stack's key; only through Secrets Manager.",
    "ReadParameters": "Values of parameters that become environment variables.",
    "DecryptParameters": "They may be encrypted with that key; only through Systems Manager.",
    # of programs: what `grants`, `progress`, `debug` and `workers` say
    "ListBuckets": "`list` or `read` of a bucket: without it S3 says 403 for what is not there.",
    "ListPrefixes": "The same, below the granted prefixes.",
    "ReadBuckets": "`read` of a bucket.",
    "WriteBuckets": "`write` of a bucket.",
    "SendQueues": "`send` of a queue.",
    "ConsumeQueues": "`consume` of a queue.",
    "PublishTopics": "`publish` of a topic.",
    "ReadTables": "`read` of a table.",
    "WriteTables": "`write` of a table.",
    "StartJobs": "`start` of a job, by its own machine.",
    "AnswerTasks": "`progress` and workers: says that it lives, and how it ended. AWS takes no "
    "resource; a task's token cannot be guessed.",
    "FetchTasks": "A worker fetches the tasks of its activity.",
    "OpenShells": "`debug: true`: the agent's channels for a shell.",
}
"""A number at the end of a Sid, as in ListPrefixes2, counts statements of one need."""


_MADE: Mapping[str, str] = {
    "Alarms": "alarms",
    "BoundedRoles": "roles, within the boundary that no deploy can widen",
    "Buckets": "buckets, which programs' files are in: no object is read",
    "Channels": "Slack channel configurations",
    "Cluster": "cluster and task definitions",
    "Dashboard": "dashboard",
    "Events": "rules, connections and destinations",
    "Images": "image repositories",
    "Key": "key, by its tags",
    "LogGroups": "log groups",
    "Machines": "state machines and activities",
    "Network": "network, by its tags",
    "Pipes": "pipes",
    "Queues": "queues",
    "Roles": "roles",
    "Rules": "rules",
    "Schedules": "schedules and their group",
    "Secrets": "secrets",
    "Tables": "tables: no item is read",
    "Topics": "topics",
    "Webhooks": "webhooks",
}
"""What a deploy makes, as the Sids of its two roles call it."""
DEPLOY_REASONS: Mapping[str, str] = {
    **{
        f"Change{what}": f"A deploy makes, changes and deletes the stack's {made}."
        for what, made in _MADE.items()
        if what != "Events"
    },
    **{
        f"Read{what}": f"A preview or refresh looks at the stack's {made}."
        for what, made in _MADE.items()
        if what not in ("BoundedRoles", "Network", "Rules", "Webhooks")
    },
    "ReadParameters": "A preview or refresh looks at the parameters that containers name.",
    "LogInToEcr": "The token for a push, and for asking whether an image is there.",
    "MakeKey": "A new key has no name yet: it must carry the stack's tags,",
    "TagNewKey": "which only a key without a name may be given,",
    "NameKey": "and then gets the stack's alias.",
    "DecryptSecrets": "The values of secrets are compared with those of the stack file.",
    "EncryptSecrets": "Values of secrets are encrypted with the stack's key.",
    "EncryptImages": "Image repositories are encrypted with the stack's key.",
    "KeepSecretsOfWebhooks": "EventBridge keeps a webhook's password in a secret of its own.",
    "MakeNetwork": "What is new in the network must carry the stack's tags.",
    "TagWhatIsMade": "Tags are given with the call that makes, never to what exists already.",
    "AdoptDefaultGroup": "A network comes with a security group, which the stack closes.",
    "GiveRoles": "Machines, tasks, rules and schedules get their roles.",
    "LetServicesHaveTheirOwnRoles": "The first use of some services makes their linked role.",
    "FindState": "Pulumi's state: this stack's,",
    "ReadState": "to compare with,",
    "WriteState": "and to write.",
    "ReadConfiguration": "The stack file's secrets are encrypted with this key.",
    "WriteConfiguration": "Pulumi's state holds secrets, too, encrypted with the same key.",
    "CallServices": "Services that a stack's roles may be granted something of. Neither IAM nor "
    "STS: no program becomes what a deploy may not be.",
    "GiveTasksAndSchedulesTheirRoles": "Runs start tasks, and the end of a pause changes a "
    "schedule.",
    "ReadWhatNamesNoResource": "What a preview or `doctor` asks for and AWS takes no resource for.",
    "SeeAlarms": "`doctor`: which alarms are on (a filter by name still asks for all),",
    "ReadDeadLetters": "and what could not be delivered; a letter that is looked at stays.",
}
"""Of the roles of deploys, in which reading a bucket means to look at what it is."""


def reason(sid: str, *, deploys: bool = False) -> str:
    """Return why a statement is there; ``deploys``: of a role that deploys or previews.

    Raises:
        LookupError: nobody has written it down.
    """
    need = sid.rstrip("0123456789")
    reasons = DEPLOY_REASONS if deploys else REASONS
    if need not in reasons:
        raise LookupError(f"write in {__name__} why there is a statement {need}")
    return reasons[need]
