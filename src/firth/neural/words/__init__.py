"""What a net is given of each word: a stack of `WordInput`s, side by side.

    lookup   numbers learnt for the word, <unk> for one that is not known
    given    vectors trained elsewhere
    spelling a network over the word's characters
    layers   the mix of an ELMo's layers, which depends on the sentence

Each knows how to prepare sentences once (`prepare`), and gives a vector for each word of a batch.
"""

from firth.neural.words.batch import WordBatch, Words
from firth.neural.words.given import Given
from firth.neural.words.layers import Elmo
from firth.neural.words.lookup import Lookup, Spelling
from firth.neural.words.spelling import Characters
from firth.neural.words.stack import WordInput, WordStack

__all__ = [
    "Characters",
    "Elmo",
    "Given",
    "Lookup",
    "Spelling",
    "WordBatch",
    "WordInput",
    "WordStack",
    "Words",
]
