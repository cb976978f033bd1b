"""What is told of a name that is misspelt."""

from fakesmb.nt.nearest import nearest


def test_the_nearest_names_are_told_in_their_own_spelling() -> None:
    assert nearest("PTAH", ["path", "share", "fid"]) == "; did you mean path?"
    assert nearest("colour", {"color": "the word colour", "share": "x"}) == "; did you mean the word colour?"


def test_at_most_three_are_told_and_none_twice() -> None:
    told = nearest("aaaa", [f"aaaa{letter}" for letter in "bcdefg"])
    assert told.count(" or ") == 2
    assert (
        nearest("close", {"close": "SMB_COM_CLOSE", "closes": "SMB_COM_CLOSE"})
        == "; did you mean SMB_COM_CLOSE?"
    )


def test_nothing_is_told_where_nothing_is_near() -> None:
    assert nearest("qqqqqq", ["path"]) == nearest("x", []) == nearest(7, ["path"]) == ""
