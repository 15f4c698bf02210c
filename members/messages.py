"""Messages to people's phones. Until a provider is connected they appear on the console.

They go to the standard output and never through the logs, which carry nothing personal.
"""

from members import phones


def send(phone: str, text: str) -> None:
    """Deliver a text to a phone; the number is masked, as anybody may look at a console."""
    print(f"SMS to {phones.mask(phone)}: {text}", flush=True)
