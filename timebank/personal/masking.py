"""What is shown of an ID number where the whole of it is not needed."""


def id_number(number: str) -> str:
    """5301**********1234; nothing of a number too short to leave something out."""
    hidden = len(number) - 8
    return f"{number[:4]}{'*' * hidden}{number[-4:]}" if hidden > 0 else "*" * len(number)
