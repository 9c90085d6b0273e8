"""Every error a user can meet, in one small tree.

    BeaconError                     anything this program refuses, with a sentence for the user
    ├── ConfigError                 a checkpoint's settings cannot be used as they are
    ├── ModelError                  a model cannot be loaded or cannot do what is asked
    ├── MemoryFileError             a memory file is damaged or is not one
    │   └── MemoryMismatch          a memory made by another model, tokenizer, ratio set or dtype
    ├── DocumentError               a file cannot be read as a document
    │   ├── UnsupportedFormat       not a format we read
    │   ├── PasswordNeeded          encrypted, and the password is missing or wrong
    │   ├── NoTextLayer             a scan: pages, but no text in them
    │   ├── DamagedFile             truncated, hostile or malformed
    │   ├── EmptyDocument           a well-formed file without words
    │   └── LimitExceeded           larger or slower to parse than the limits allow
    ├── ShelfError                  the library on disk cannot do what is asked
    │   └── BookNotFound            no book of that name on the shelf
    ├── TrainingError               training cannot start or go on with what it was given
    ├── EvaluationError             an evaluation cannot run with what it was given
    ├── AccountError                a user is not known, or the file of users cannot be used
    ├── QueueFull                   as many books or questions wait as may
    ├── MessageError                a list of chat messages cannot be answered as it is
    ├── AnswerTimeout               an answer took longer than it was given (a TimeoutError too)
    ├── ServerError                 the server cannot start as it was told to
    └── ClusterError                several machines cannot work together as they were told to

Each message says what is wrong, with the value, and what to do. The command line and the page
show that sentence as it is, so it is written for the person who reads it.
"""


class BeaconError(Exception):
    """Anything this program refuses; `str(error)` is a sentence for the user."""


class ConfigError(BeaconError):
    """A checkpoint's settings cannot be used as they are."""


class ModelError(BeaconError):
    """A model cannot be loaded, or cannot do what is asked of it."""


class MemoryFileError(BeaconError):
    """A memory file is damaged, or is not a memory file."""


class MemoryMismatch(MemoryFileError):
    """A memory was made by another model, tokenizer, revision, ratio set or dtype."""


class DocumentError(BeaconError):
    """A file cannot be read as a document."""


class UnsupportedFormat(DocumentError):
    """The file's format is not one we read."""


class PasswordNeeded(DocumentError):
    """The file is encrypted and the password is missing or wrong."""


class NoTextLayer(DocumentError):
    """The file has pages but no text in them (a scan)."""


class DamagedFile(DocumentError):
    """The file is truncated, hostile or malformed."""


class EmptyDocument(DocumentError):
    """The file is well formed but holds no words."""


class LimitExceeded(DocumentError):
    """The file is larger, or takes longer to parse, than the limits allow."""


class ShelfError(BeaconError):
    """The library on disk cannot do what is asked."""


class BookNotFound(ShelfError):
    """No book of that name or id is on the shelf."""


class TrainingError(BeaconError):
    """Training cannot start, or go on, with what it was given."""


class EvaluationError(BeaconError):
    """An evaluation cannot run with what it was given."""


class AccountError(BeaconError):
    """A user is not known, or the file of users cannot be used."""


class QueueFull(BeaconError):
    """As many books wait to be read, or questions to be answered, as may."""


class MessageError(BeaconError):
    """A list of chat messages cannot be answered as it is."""


class AnswerTimeout(BeaconError, TimeoutError):
    """An answer took longer than the time it was given."""


class ServerError(BeaconError):
    """The server cannot start as it was told to."""


class ClusterError(BeaconError):
    """Several machines cannot work together as they were told to."""
