"""A batch that goes wrong: how often it is tried, and how it is parted."""

from jobs.flight import LONE_TRIES, PART_TRIES, WHOLE_TRIES, Flight


def tries(flight):
    while not flight.spent:
        flight.troubles += 1
    return flight.troubles


def test_a_whole_batch_gets_a_second_chance_its_halves_do_not_and_a_lone_row_gets_the_most():
    assert tries(Flight([1, 2, 3])) == WHOLE_TRIES
    assert tries(Flight([1, 2], part=True)) == PART_TRIES
    assert tries(Flight([1])) == tries(Flight([1], part=True)) == LONE_TRIES > WHOLE_TRIES


def test_halving_ends_at_single_rows_and_loses_none():
    flights, lone = [Flight(list(range(7)))], []
    while flights:
        flight = flights.pop()
        (lone.append if len(flight.rows) == 1 else lambda one: flights.extend(one.halves()))(flight)
    assert sorted(flight.rows[0] for flight in lone) == list(range(7))


def test_what_the_stages_made_of_it_is_forgotten_when_it_begins_again():
    flight = Flight([1], prepared="a", pixels="b", embedded="c")
    flight.begin_again()
    assert (flight.prepared, flight.pixels, flight.embedded) == (None, None, None)
