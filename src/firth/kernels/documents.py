"""Counting which words stand in which document: the rows of a sparse document-word matrix.

    tf[d, i] = how often word i stands in document d
    df[i]    = documents that word i stands in

ids int32[N], ends int64[D]: the documents one after another; document d ends before ends[d], and
may be empty. Each document is summed in one dense line of integers, its distinct words noted in
the order they come, sorted, and the line cleared behind them.
"""

from __future__ import annotations

import math

from firth.compiled import kernel

# what a count becomes before it is multiplied with the weight of its word
RAW, SHARE, LOG, LOG_PLUS = range(4)


@kernel
def document_frequency(ids, ends, seen, df):
    """Adds to df int64[V] the documents each word stands in.

    seen int64[V]: all -1; the last document a word was met in.
    """
    start = 0
    for d in range(ends.shape[0]):
        for t in range(start, ends[d]):
            i = ids[t]
            if seen[i] != d:
                seen[i] = d
                df[i] += 1
        start = ends[d]


@kernel
def count_documents(ids, ends, first, last, numbers, row, columns, counts, stops):
    """The rows of documents first <= d < last.

    numbers int32[words]: the column of each word, -1 for one that is left out.
    row int64[V]: zeros, and zeros again at the end.
    Fills columns int32 (ascending in a row), counts int64, and stops int64[last - first]: where
    each row ends in them; returns how many entries there are.
    """
    n = 0
    start = ends[first - 1] if first > 0 else 0
    for d in range(first, last):
        begin = n
        for t in range(start, ends[d]):
            i = numbers[ids[t]]
            if i >= 0:
                if row[i] == 0:
                    columns[n] = i
                    n += 1
                row[i] += 1
        start = ends[d]
        columns[begin:n].sort()
        for k in range(begin, n):
            i = columns[k]
            counts[k] = row[i]
            row[i] = 0
        stops[d - first] = n
    return n


@kernel
def weigh(offsets, columns, counts, weights, local, unit, values):
    """values[k] = local(tf) * weights[i], each row then brought to length 1 if `unit`.

    offsets int64[D + 1], columns, counts: a matrix of counts; weights float64[V].
    local: RAW tf, SHARE tf / sum of the row, LOG 1 + ln tf, LOG_PLUS ln(1 + tf).
    """
    for d in range(offsets.shape[0] - 1):
        first, last = offsets[d], offsets[d + 1]
        total = 0.0
        if local == SHARE:
            for k in range(first, last):
                total += counts[k]
        squares = 0.0
        for k in range(first, last):
            value = float(counts[k])
            if local == SHARE:
                value /= total
            elif local == LOG:
                value = 1.0 + math.log(value)
            elif local == LOG_PLUS:
                value = math.log1p(value)
            value *= weights[columns[k]]
            values[k] = value
            squares += value * value
        if unit and squares > 0:
            length = math.sqrt(squares)
            for k in range(first, last):
                values[k] /= length
