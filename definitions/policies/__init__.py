"""Every IAM document of a stack, as text. Pure: tests read what these functions return.

Each statement has one need and a ``Sid`` that says it. What users can multiply (jobs, containers)
is named by a prefix, so that no document grows with their number.

``trust`` says who may use a role, ``roles`` what those of the machinery may do, ``programs`` what
containers may, ``resources`` whom keys, topics, queues, buckets and endpoints admit.
"""
