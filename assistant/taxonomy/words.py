"""What other people's words for faults mean here: those of public failure data, fault injectors and the literature."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from assistant.taxonomy.classes import CLASSES, Component, Failure, FaultClass, Mechanism
from assistant.taxonomy.kinds import FaultKind

_NOT_A_WORD: Final = re.compile(r"[\W_]+")


def classify(word: str | None) -> FaultClass | None:
    """Give what a word for a fault says; None for a word that is not known.

    Capitals, spaces, hyphens and underscores make no difference.
    """
    return None if word is None else _BY_WORD.get(_plain(word))


def known_words() -> tuple[str, ...]:
    """Name every word that is known, in alphabetical order."""
    return tuple(sorted(_BY_WORD))


def _plain(word: str) -> str:
    return _NOT_A_WORD.sub("_", word.casefold()).strip("_")


def _of(kind: FaultKind, *mechanisms: Mechanism, failures: tuple[Failure, ...] = ()) -> FaultClass:
    """Narrow a kind to what a word says of it beyond the kind."""
    whole = CLASSES[kind]
    return replace(
        whole,
        mechanisms=frozenset(mechanisms) or whole.mechanisms,
        failures=frozenset(failures) or whole.failures,
    )


# Words that mean one kind.
_SPECIFIC: Final[Mapping[FaultClass, str]] = {
    _of(FaultKind.RESOURCE_EXHAUSTION, Mechanism.PROCESSOR): """
        cpu cpu_contention cpu_consumed cpu_stress cpu_hog cpu_exhaustion cpu_fault cpu_load high_cpu high_cpu_usage
        stress_cpu pod_cpu_hog node_cpu node_cpu_hog node_cpu_load node_cpu_spike container_cpu_load jvm_cpu
        high_jvm_cpu_load resource_contention""",
    _of(FaultKind.RESOURCE_EXHAUSTION, Mechanism.MEMORY): """
        mem memory memory_leak memory_stress memory_hog memory_consumed memory_exhaustion high_memory_usage stress_mem
        stress_memory pod_memory_hog node_memory node_memory_hog node_memory_consumption container_memory_load oom
        out_of_memory jvm_out_of_memory jvm_oom jvm_gc""",
    _of(FaultKind.RESOURCE_EXHAUSTION, Mechanism.DISK): """
        disk disk_io disk_stress disk_fill disk_full disk_pressure disk_read disk_write io io_stress io_latency io_delay
        io_fault high_disk_io_read_usage high_disk_space_usage node_disk_fill node_disk_read_io_consumption
        node_disk_write_io_consumption node_disk_space_consumption container_read_io_load container_write_io_load""",
    _of(FaultKind.RESOURCE_EXHAUSTION, Mechanism.CONNECTION): """
        socket socket_stress thread_pool_exhaustion connection_leak file_descriptor_exhaustion""",
    _of(FaultKind.NETWORK_LINK, Mechanism.DELAY, failures=(Failure.LATE,)): """
        network_delay network_latency network_jitter network_bandwidth delay pod_network_latency
        container_network_latency http_delay""",
    _of(FaultKind.NETWORK_LINK, Mechanism.LOSS): """
        network_loss network_packet_loss packet_loss loss network_corrupt network_corruption network_duplicate
        network_partition pod_network_loss container_packet_loss container_network_packet_corruption
        container_network_packet_retransmission http_abort partition""",
    _of(FaultKind.NETWORK_LINK, Mechanism.CONNECTION, failures=(Failure.ERROR,)): """
        dns_error dns_failure target_port_misconfig""",
    _of(FaultKind.CODE_ERROR): "exception error_return jvm_exception missing_exception_handler f5",
    _of(FaultKind.WRONG_ANSWER): """
        return jvm_return incorrect_return_value missing_function_call silent_data_corruption omission omission_failure
        f3 f4""",
    _of(FaultKind.SLOW_CODE): "slow slow_response jvm_latency lock_contention deadlock code_delay",
    _of(FaultKind.SLOW_DATABASE): "slow_query database_latency db_latency missing_index table_lock database_lock",
    _of(FaultKind.DATABASE_CONNECTION): """
        db_connection_limit db_close db_connection database_connection_limit database_refused
        connection_pool_exhausted""",
    _of(FaultKind.REQUEST_FLOOD): "overload request_overload flood traffic_surge load_spike dos ddos denial_of_service",
    _of(FaultKind.BAD_VERSION): "bad_deploy bad_deployment bad_release erroneous_change faulty_release",
    _of(FaultKind.SERVICE_DOWN): """
        pod_failure pod_kill pod_delete container_kill container_process_termination process_kill process_termination
        crash crash_failure halt halt_failure down shutdown""",
}

# Words that say something of a fault and mean no one kind.
_VAGUE: Final[Mapping[FaultClass, str]] = {
    FaultClass(failures=frozenset({Failure.LATE})): """
        latency high_latency response_time performance performance_degradation timing timing_failure late
        late_timing_failure""",
    # What users notice of a service that fails, and of one that is gone, is the same.
    FaultClass(failures=frozenset({Failure.ERROR, Failure.HALT})): "availability unavailability unavailable outage",
    FaultClass(failures=frozenset({Failure.ERROR})): "error errors error_rate signaled_failure signalled_failure",
    FaultClass(failures=frozenset({Failure.WRONG, Failure.ERROR})): "content content_failure value_failure",
    FaultClass(components=frozenset({Component.NETWORK})): "network network_fault",
    FaultClass(components=frozenset({Component.DATABASE})): "database db",
    FaultClass(components=frozenset({Component.INSTANCE})): "resource pod node container host hardware",
    FaultClass(components=frozenset({Component.SERVICE})): """
        code code_bug code_defect code_fault bug software f1 f2 incorrect_parameter_value missing_parameter""",
    FaultClass(
        mechanisms=frozenset({Mechanism.CHANGE})
    ): "misconfiguration config configuration change deploy deployment",
}


def _every_word() -> Iterator[tuple[str, FaultClass]]:
    yield from ((str(kind), found) for kind, found in CLASSES.items())
    for table in (_SPECIFIC, _VAGUE):
        yield from ((word, meaning) for meaning, words in table.items() for word in words.split())


_BY_WORD: Final[Mapping[str, FaultClass]] = dict(_every_word())
