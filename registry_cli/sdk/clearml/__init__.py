"""The classes of ClearML: Task, Model, InputModel and OutputModel, as its scripts call them."""
