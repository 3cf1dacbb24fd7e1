"""What automatic logging hears, taken in beside a running task: saves become versions, loads become inputs.

The processes of a task write notes into its folder; whoever runs the task follows them, and after it nobody needs to.
"""
