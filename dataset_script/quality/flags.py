"""The flags a turn may carry, and which of them make it defective."""

TURN_FLAGS = {
    "no_time": "the file gives no readable start time",
    "time_backwards": "its start time is out of order with those of the turns around it",
    "loop_collapsed": "a run of fifty words or more that repeat four times or more was collapsed to its first round",
    "repeats_itself": "says the same words four times or more (one word eight times), as people do; left as it was",
    "cycle": "part of a later round of a cycle of lines (three rounds or more, twelve lines or more)",
    "runaway": "longer than 200 words even after loops were collapsed",
    "oversized": "longer than 20,000 characters even after loops were collapsed: nobody speaks that long without a break",
    "compressible": "compresses to less than a third: repetition that no exact rule names",
    "debris": "holds the transcriber's JSON, subtitle marks or control tokens",
    "prompt_like": "instructs a model instead of speaking to a person",
    "promotion": "a sponsor's or a channel's message",
    "not_english": "not in English",
    "repeats_own_line": "the same words as this speaker's turn before",
    "echo": "the same three words or more as the other speaker's turn before: one line split over two labels",
    "text_corrected": "a reviewer corrected the words",
    "role_corrected": "a reviewer or the override table corrected the role",
}
DEFECTIVE = frozenset({"cycle", "oversized", "compressible", "debris", "prompt_like", "promotion", "not_english"})
"""Flags of turns that enter neither history nor training messages, nor a ranked item."""
