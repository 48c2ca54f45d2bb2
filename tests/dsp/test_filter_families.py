"""Random filters of six families, and the modified Yule-Walker design, against NumPy and SciPy."""

import numpy as np
import pytest
from scipy import signal

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

ANGLES = np.linspace(0, np.pi, 512)


def scipy_db(sections):
    response = signal.freqz_sos(np.insert(sections, 3, 1.0, axis=-1), ANGLES)[1]
    return 20 * np.log10(np.abs(response))


def drawn(family, n_filters=40, seed=0, order=16):
    return dsp.random_filters(np.random.default_rng(seed), family, n_filters, order=order)


@pytest.mark.parametrize("family", dsp.FILTER_FAMILIES)
def test_filters_are_stable_of_minimum_phase_and_seeded(family):
    sections = drawn(family)
    assert sections.shape == (40, 8, 5)
    for b, a in ((x[:3], [1, *x[3:]]) for x in sections.reshape(-1, 5)):
        assert np.max(np.abs(np.roots(a))) < 1.0
        assert np.max(np.abs(np.roots(b))) < 1.0 + 1e-9
    np.testing.assert_array_equal(sections, drawn(family))
    assert not np.allclose(sections, drawn(family, seed=1))
    assert drawn(family, 0).shape == (0, 8, 5)
    assert drawn(family, 2, order=2).shape == (2, 1, 5)


@pytest.mark.parametrize("family", dsp.FILTER_FAMILIES)
def test_responses_are_scipys(family):
    sections = drawn(family, 5)
    ours = dsp.sections_magnitude_db(sections, n_points=512)
    for each, db in zip(sections, ours, strict=True):
        np.testing.assert_allclose(db, scipy_db(each), atol=1e-4)
    if family != "parametric_equalizer":
        assert np.max(np.abs(np.mean(ours, axis=-1))) < 0.2  # Jensen's formula


def test_a_normal_polynomial_has_the_form_of_its_coefficients():
    # The draw of the same seed, evaluated as it is: mirrored roots change the level alone.
    random = np.random.default_rng(4)
    a, b = (random.standard_normal([3, 17]) for _ in range(2))
    ours = dsp.sections_magnitude_db(drawn("normal_polynomial", 3, seed=4), n_points=512)
    for index in range(3):
        wanted = 20 * np.log10(np.abs(signal.freqz(b[index], a[index], ANGLES)[1]))
        difference = ours[index] - wanted
        assert np.ptp(difference) < 0.3


def test_the_families_are_what_they_say():
    disk, radius = (
        np.abs(np.concatenate([np.roots([1, *x[3:]]) for x in drawn(name, 400).reshape(-1, 5)]))
        for name in ("uniform_disk", "uniform_radius")
    )
    assert abs(np.mean(disk**2) - 0.5) < 0.02  # uniform over the area
    assert abs(np.mean(radius) - 0.5) < 0.02
    matrix = [np.roots([1, *x[3:]]) for x in drawn("random_matrix", 50).reshape(-1, 5)]
    assert 0.1 < np.mean([np.isreal(roots).all() for roots in matrix]) < 0.6
    bells = dsp.sections_magnitude_db(drawn("parametric_equalizer", 50)[:, 3:4], n_points=512)
    assert np.max(np.abs(bells)) < 18.01
    assert np.max(np.abs(bells)) > 15.0


def test_the_equalisers_are_those_of_the_cookbook():
    sections = drawn("parametric_equalizer", 20)
    for index, wanted in ((3, (0.0, 0.0)), (0, (None, 0.0)), (-1, (0.0, None))):
        response = dsp.sections_magnitude_db(sections[:, index : index + 1 or None], n_points=9)
        for end, level in zip((0, -1), wanted, strict=True):
            if level is not None:
                np.testing.assert_allclose(response[:, end], level, atol=1e-6)


def test_roots_of_many_polynomials():
    coefficients = np.random.default_rng(1).standard_normal([6, 9])
    found = dsp.polynomial_roots(coefficients)
    for row, roots in zip(coefficients, found, strict=True):
        np.testing.assert_allclose(np.sort_complex(np.roots(row)), np.sort_complex(roots))
        sections = dsp.sections_from_roots(roots)
        product = np.array([1.0])
        for section in sections:
            product = np.convolve(product, section)
        np.testing.assert_allclose(product, row / row[0], atol=1e-9)


def test_unknown_families_and_orders_are_named():
    with pytest.raises(ArgumentError, match="`family` should be one of normal_polynomial, "):
        drawn("uniform")
    with pytest.raises(ArgumentError, match=r"`order` even and 2 or more. Received 1 and 7"):
        drawn("uniform_disk", 1, order=7)


@pytest.mark.parametrize("order", [4, 8])
def test_yule_walker_finds_a_filter_of_its_own_order(order):
    # A filter whose autocorrelation has died away within the lags that are used.
    known = dsp.random_filters(np.random.default_rng(3), "uniform_radius", 30, order=order)
    known = known[np.max(dsp.biquad_radius(known), axis=-1) < 0.9]
    wanted = dsp.sections_magnitude_db(known, n_points=512)
    wanted = wanted[np.ptp(wanted, axis=-1) < 40]
    assert len(wanted) > 3
    designed = dsp.yule_walker_sections(wanted, order=order)
    assert np.max(dsp.biquad_radius(designed)) < 1.0
    error = dsp.sections_magnitude_db(designed, n_points=512) - wanted
    assert np.median(np.sqrt(np.mean(error**2, axis=-1))) < 0.1


def test_yule_walker_designs_what_it_is_known_for():
    wanted = np.where(ANGLES < 0.4 * np.pi, 0.0, -60.0)
    sections = dsp.yule_walker_sections(wanted[np.newaxis] + 7.0, order=8)[0]
    db = scipy_db(sections) - 7.0
    assert np.max(np.abs(db[ANGLES < 0.35 * np.pi])) < 3.0
    assert np.max(db[ANGLES > 0.55 * np.pi]) < -20.0


def test_yule_walker_refuses_what_it_can_not_use():
    with pytest.raises(ArgumentError, match="NaN or infinite"):
        dsp.yule_walker_sections(np.full([1, 512], np.nan))
    with pytest.raises(ArgumentError, match="more points than `order`"):
        dsp.yule_walker_sections(np.zeros([1, 16]))
