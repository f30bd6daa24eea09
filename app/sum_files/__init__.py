"""Sample worker: adds up the sizes of a bucket's files, folder by folder.

    python -m sum_files

It fetches one task of the activity in ``JOB_ACTIVITY_ARN``, says that it lives at least three times
in ``JOB_HEARTBEAT_SECONDS`` while it works, and answers with the sums. The bucket is the task's
``bucket``, or else the one in ``S3_BUCKET_NAME``.

====  =================================================================================
Exit  Meaning
====  =================================================================================
0     the task was answered with its result
64    configuration: no JOB_ACTIVITY_ARN, no such activity, no bucket, or no such bucket
69    AWS was not reached, could not serve a request after retries, or had no task
77    no credentials, or credentials that may not do this
130   told to stop by SIGINT (Ctrl-C)
143   told to stop by SIGTERM (a stopped or timed out ECS task), or nobody waits any more
1     anything else
====  =================================================================================

Whatever goes wrong after the task was fetched, the answer says it first: the run fails with these
words, and not by a silence.
"""
