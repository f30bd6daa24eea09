"""The notifier: what turns the end of a run into a message.

The message is a custom notification of Amazon Q Developer in chat applications, formerly Chatbot
(its guide, "Custom notifications"), and beside it the same facts as plain text for e-mail: SNS
picks by the subscriber's protocol.
"""

from typing import Any

from definitions.dispatcher_machine import JOB_REPLACED
from definitions.flow_machine import failed_step
from definitions.jsonata import expression, literal
from definitions.names import Names

NOT_DELIVERED = "NotificationNotDelivered"
LONGEST_INPUT = 2_000
"""Characters of a run's input in the command that runs it again; a longer one is left out.

It stands in the message twice, SNS takes 262,144 bytes, and nobody types more.
"""

_LEFT_OUT = """$states.input.detail.inputDetails.included = false
    or $states.input.detail.outputDetails.included = false"""

# What both the decision and the message need to know of the run.
_FACTS = f"""
  $detail := $states.input.detail;
  $good := $detail.status = 'SUCCEEDED';
  $given := $parse($detail.input);
  $said := $good ? $detail.output : $detail.cause;
  $facts := $type($said) = 'string' and $substring($said, 0, 1) = '{{' ? $parse($said) : {{}};
  $class := $exists($facts.class) ? $facts.class
    : $detail.error = '{JOB_REPLACED}' ? 'replaced'
    : $detail.status = 'ABORTED' ? 'stopped'
    : $detail.status = 'TIMED_OUT' ? 'timed out' : 'failed';
  $notify := $given.notify in ['all', 'none'] ? $given.notify : 'failure';
"""

# A success is news only to those who asked for everything, and so is a run that gave way to a
# newer one: its job is configured to do that.
_UNWANTED = f"""({_FACTS}
  $notify = 'none' or ($notify = 'failure' and ($good or $class = 'replaced'))
)"""


def _notice(names: Names) -> str:
    """Expression of everything that is said about a run, from the event of its end."""
    console = f"https://{names.region}.console.aws.amazon.com"
    execution_page = (
        f"{console}/states/home?region={names.region}#/v2/executions/details/"  # of the guide
    )
    log_page = f"{console}/cloudwatch/home?region={names.region}#logsV2:log-groups/log-group/"
    again = (
        "aws stepfunctions start-execution"
        f" --region {names.region}"
        f" --state-machine-arn {names.machine_arn(names.of('dispatcher'))}"
    )
    redrive = f"aws stepfunctions redrive-execution --region {names.region} --execution-arn "
    return f"""({_FACTS}
  {failed_step(names.job_machines_arn)}
  $job := $substringAfter($detail.stateMachineArn, {literal(names.job_machines_arn)});
  $seconds := $round(($detail.stopDate - $detail.startDate) / 1000);
  $took := $seconds < 60 ? $seconds & ' s'
    : $seconds < 3600 ? $floor($seconds / 60) & ' min ' & $seconds % 60 & ' s'
    : $floor($seconds / 3600) & ' h ' & $floor($seconds % 3600 / 60) & ' min';
  $scheduled := $exists($given.scheduledTime) ? $given.scheduledTime : 'by hand';
  $code := $exists($facts.exitCode) ? 'exit code ' & $facts.exitCode;
  $reason := $exists($facts.reason) ? $facts.reason
    : $not($good) and $type($said) = 'string' ? $said;

  /* The console wants a log group's slashes escaped twice, with a dollar for the per cent. */
  $escaped := function($text) {{ $join($split($text, '/'), '$252F') }};
  $executionUrl := {literal(execution_page)} & $detail.executionArn;
  $logUrl := $exists($facts.logGroup) ? {literal(log_page)} & $escaped($facts.logGroup)
    & ($exists($facts.logStream) ? '/log-events/' & $escaped($facts.logStream) : '');

  /* The same run again: its own input, but the newest image and a name of its own. */
  $input := $sift($given, function($v, $k) {{
    $not($k in ['taskDefinition', 'AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID']) }});
  $same := $string($merge([{{'job': $job}}, $input != {{}} ? {{'input': $input}} : {{}}]));
  $rerun := $length($same) > {LONGEST_INPUT} ? $string({{'job': $job}}) : $same;
  $again := {literal(again)} & " --input '" & $join($split($rerun, "'"), "'\\\\''") & "'";

  $goOn := $exists($step) ? {literal(redrive)} & $detail.executionArn;

  $title := $job & ' ' & ($class = 'not started' ? 'was not started' : $class)
    & ($not($good) and $exists($facts.exitCode) ? ' (' & $code & ')' : '');
  $lines := [
    'Scheduled ' & $scheduled & ', took ' & $took,
    'Class ' & $class & ($exists($code) ? ', ' & $code : '')
      & ($exists($facts.attempts)
          ? ', ' & $facts.attempts & ($facts.attempts = 1 ? ' attempt' : ' attempts') : '')
  ];
  $why := $exists($reason) ? 'Reason: ' & $reason;
  {{
    'topic': $good or $class = 'replaced'
      ? {literal(names.topic_arn("success"))} : {literal(names.topic_arn("failure"))},
    'subject': $substring('[{names.stack}] ' & $title, 0, 99),
    'mail': $join($append($append(['Stack {names.stack}, job ' & $job], $append($lines, $why)), [
      '', 'Execution: ' & $executionUrl,
      $exists($logUrl) ? 'Log: ' & $logUrl
        : $class = 'not started' ? 'No log: the program did not start',
      $exists($goOn) ? ['', 'Go on from ' & $step & ':', $goOn],
      '', 'Run it again:', $again
    ]), '\\n'),
    'chat': {{
      'version': '1.0', 'source': 'custom',
      'content': {{
        'textType': 'client-markdown',
        'title': ($good ? '✅ ' : $class = 'replaced' ? '↪️ ' : '❌ ') & $title,
        'description': $join($append($append(
          ['*{names.stack}* · job *' & $job & '*'], $append($lines, $why)), [
          '<' & $executionUrl & '|Execution>'
            & ($exists($logUrl) ? ' · <' & $logUrl & '|Log>' : '')
        ]), '\\n'),
        'nextSteps': $not($good) ? [
          $exists($logUrl) ? 'Read the <' & $logUrl & '|log>'
            : 'Read the <' & $executionUrl & '|execution>'
              & ($class = 'not started' ? ': the program did not start' : ''),
          $exists($goOn) ? 'Go on from ' & $step & ': `' & $goOn & '`',
          'Run it again: `' & $again & '`'
        ],
        'keywords': [$job, '{names.stack}', $class]
      }},
      'metadata': {{
        'threadId': $job & ':' & $detail.name,
        'summary': $title,
        'eventType': 'run ' & $lowercase($detail.status),
        'relatedResources': [$detail.executionArn],
        'additionalContext': {{'stack': '{names.stack}', 'job': $job, 'run': $detail.name}}
      }}
    }}
  }}
)"""


def notifier_machine(*, names: Names, dead_letter_queue_url: str) -> dict[str, Any]:
    """Definition of the notifier; its input is the event of a run's end.

    The event carries the run's input, output, error and cause; only where it says that they were
    too large to be carried, the execution is described. A message that no topic takes is kept in
    the dead-letter queue, and the notifier fails with ``NotificationNotDelivered``.
    """
    return {
        "Comment": "The end of a run becomes a message",
        "QueryLanguage": "JSONata",
        "StartAt": "Read",
        "TimeoutSeconds": 900,
        "States": {
            "Read": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": expression(_LEFT_OUT), "Next": "Describe"},
                    {"Condition": expression(_UNWANTED), "Next": "Nobody asked"},
                ],
                "Assign": {"notice": expression(_notice(names))},
                "Default": "Publish",
            },
            "Describe": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sfn:describeExecution",
                "Arguments": {"ExecutionArn": expression("$states.input.detail.executionArn")},
                "Output": expression("""{'detail': $merge([$states.input.detail, {
                    'input': $states.result.Input, 'inputDetails': {'included': true},
                    'output': $states.result.Output, 'outputDetails': {'included': true}
                }])}"""),
                "Next": "Read",
            },
            "Publish": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sns:publish",
                "Arguments": {
                    "TopicArn": expression("$notice.topic"),
                    "Subject": expression("$notice.subject"),
                    "MessageStructure": "json",
                    "Message": expression("""$string({
                        'default': $string($notice.chat), 'email': $notice.mail
                    })"""),
                },
                "Retry": [
                    {
                        "ErrorEquals": ["States.TaskFailed"],
                        "IntervalSeconds": 5,
                        "BackoffRate": 2.0,
                        "MaxAttempts": 4,
                        "JitterStrategy": "FULL",
                    }
                ],
                "Output": {"published": expression("$notice.subject")},
                "Catch": [
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Assign": {"problem": expression("$states.errorOutput.Error")},
                        "Next": "Keep",
                    }
                ],
                "End": True,
            },
            "Keep": {
                "Type": "Task",
                "Comment": "The dead-letter queue's alarm calls for somebody",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Arguments": {
                    "QueueUrl": dead_letter_queue_url,
                    "MessageBody": expression("{'problem': $problem, 'notice': $notice}"),
                },
                "Next": "Not delivered",
            },
            "Not delivered": {
                "Type": "Fail",
                "Error": NOT_DELIVERED,
                "Cause": expression("$problem"),
            },
            "Nobody asked": {"Type": "Succeed", "Output": {"published": False}},
        },
    }
