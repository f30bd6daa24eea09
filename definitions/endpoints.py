"""Endpoints through which tasks reach AWS's services where there is no way to the internet."""

GATEWAYS = {"s3": "S3: image layers and granted buckets", "dynamodb": "DynamoDB: granted tables"}
"""Services whose endpoint is a route, and costs nothing; what tasks do there."""
