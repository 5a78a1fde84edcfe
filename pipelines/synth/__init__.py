"""The demo company Halden & Moor: people, their journeys, each system's export of them, and the hidden truth.

Never imported by the Dagster definitions: the pipeline sees only the files.
"""
