"""The process that receives OTLP and stores it: `python -m telemetry.collector --store PATH`."""
