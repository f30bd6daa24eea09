"""Sample batch program: writes the names of a bucket's files to the log.

    python -m list_files

It reads the bucket's name from the variable ``S3_BUCKET_NAME`` and writes one JSON object a line
to standard output: one for every file, and a summary at the end.

====  =================================================================================
Exit  Meaning
====  =================================================================================
0     every file was listed
64    configuration: no S3_BUCKET_NAME, not a bucket's name, or no such bucket
69    S3 was not reached, or could not serve the request after retries
77    no credentials, or credentials that may not list the bucket
130   told to stop by SIGINT (Ctrl-C)
143   told to stop by SIGTERM (a stopped or timed out ECS task)
1     anything else
====  =================================================================================

64, 69 and 77 are EX_USAGE, EX_UNAVAILABLE and EX_NOPERM of sysexits(3). Only 69 is worth another
attempt: ``retries: {app: [60], exitCodes: [69]}``.
"""
