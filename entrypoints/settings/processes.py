"""What the settings are for one of several processes that serve together."""

from entrypoints.settings.model import Settings


def of_process(settings: Settings, number: int, count: int) -> Settings:
    """Return the settings of the process with this number, from 1.

    Where nothing is set, the processes share the cores and the queue of passwords, each with one
    at least (PW-2); what is set holds for each. The first one migrates, and says what was made.
    """
    cores, queue = settings.hashing_concurrency, settings.hashing_queue
    changes: dict[str, object] = {}
    if "hashing_concurrency" not in settings.model_fields_set:
        changes["hashing_concurrency"] = max(1, cores // count + (number <= cores % count))
    if "hashing_queue" not in settings.model_fields_set:
        changes["hashing_queue"] = max(1, queue // count)
    if number == 1:
        return settings.model_copy(update=changes)
    copy = settings.model_copy(update=changes | {"migrate_on_start": False})
    copy.__dict__.pop("kept_key", None)  # which knows whether this process has made it
    return copy
