"""The stand-in for CuPy refuses what CuPy refuses, records what is captured, and has nothing that CuPy has not."""

import gc
import inspect
import sys

import numpy as np
import pytest
import standin
from standin.functions import FUNCTIONS, LINALG

# in the installed CuPy

COMPARED = {**FUNCTIONS, **{f"linalg.{name}": function for name, function in LINALG.items()}}
CLASSES = ["ndarray", "cuda.Device", "cuda.Event", "cuda.Graph", "cuda.MemoryPointer", "cuda.MemoryPool", "cuda.Stream"]
MODULES = ["cuda", "cuda.memory", "cuda.runtime", "lib.stride_tricks", "linalg"]
OURS = {"host"}  # what the stand-in's array has beside


@pytest.fixture(scope="module")
def real():
    """CuPy itself, which can be imported without a GPU."""
    return pytest.importorskip("cupy", reason="compares the stand-in with an installed CuPy")


def find(module, path):
    for name in path.split("."):
        module = getattr(module, name)
    return module


def public(thing):
    return {name for name in vars(thing) if not name.startswith("_")}


@pytest.mark.parametrize("name", COMPARED)
def test_cupy_has_every_function_with_these_parameters(real, name):
    ours, theirs = COMPARED[name], find(real, name)
    if isinstance(ours, standin.functions.ufunc):
        assert (type(theirs).__name__, theirs.nin, theirs.nout) == ("ufunc", ours.nin, ours.nout)
        return
    wanted = list(inspect.signature(theirs).parameters.values())
    takes_any = {p.kind for p in wanted} & {inspect.Parameter.VAR_POSITIONAL}
    by_name = {parameter.name: (place, parameter) for place, parameter in enumerate(wanted)}
    for place, parameter in enumerate(inspect.signature(ours).parameters.values()):
        if parameter.kind is parameter.VAR_POSITIONAL or (takes_any and parameter.default is parameter.empty):
            continue
        assert parameter.name in by_name, f"{name} of CuPy has no parameter {parameter.name}"
        there, other = by_name[parameter.name]
        if parameter.kind is not parameter.KEYWORD_ONLY:
            assert there == place, f"{name}: {parameter.name} stands at another place in CuPy's"
        if name != "asarray":  # its order=None and copy=None are the same as not given
            assert parameter.default == other.default, f"{name}: {parameter.name} has another default"


@pytest.mark.parametrize("name", CLASSES)
def test_cupy_s_classes_have_every_attribute(real, name, cupy):
    assert public(find(cupy, name)) - OURS <= set(dir(find(real, name)))


@pytest.mark.parametrize("name", MODULES)
def test_cupy_s_modules_have_every_name(real, name, cupy):
    assert public(find(cupy, name)) <= set(dir(find(real, name)))


def test_cupy_has_every_name(real, cupy):
    assert public(cupy) <= set(dir(real))


def test_it_is_cupy_only_while_the_test_runs():
    with pytest.MonkeyPatch.context() as monkeypatch:
        cupy = standin.install(monkeypatch)
        assert sys.modules["cupy"] is cupy
        assert type(cupy.zeros(2)).__module__ == "cupy"
    assert sys.modules.get("cupy") is not cupy


# arrays of the host


def test_arrays_of_the_host_are_refused(cupy):
    a, n = cupy.zeros(3), np.ones(3)
    for mix in (lambda: a + n, lambda: n + a, lambda: cupy.add(a, n), lambda: cupy.add(a, a, out=n),
                lambda: cupy.where(a > 0, n, a), lambda: cupy.copyto(a, n), lambda: a @ n):  # fmt: skip
        with pytest.raises(TypeError, match="Unsupported type|must be cupy.ndarray"):
            mix()
    with pytest.raises(TypeError, match="Unsupported type"):
        a += n
    with pytest.raises(TypeError, match="Unsupported type"):
        n += a
    with pytest.raises(ValueError, match=r"non-scalar numpy\.ndarray cannot be used for fill"):
        a[...] = n
    with pytest.raises(TypeError, match="a has incorrect type"):
        cupy.sum(n)
    np.testing.assert_array_equal(n, 1)


@pytest.mark.parametrize("function", [np.asarray, np.array, np.sum, np.exp, np.ndim, np.linalg.norm, np.copy])
def test_numpy_s_functions_refuse_its_arrays(cupy, function):
    with pytest.raises(TypeError, match=r"Implicit conversion|call the function of the array's module"):
        function(cupy.ones(3))


@pytest.mark.parametrize("scalar", [2, 2.0, True, np.float32(2), np.float64(2), np.int64(2)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_numbers_are_taken_on_both_sides_and_promoted_as_numpy_does(cupy, scalar, dtype):
    here = np.array([1, 2, 3], dtype)
    there = cupy.asarray(here)
    for found, wanted in ((there * scalar, here * scalar), (scalar - there if scalar is not True else there, None)):
        wanted = (scalar - here if scalar is not True else here) if wanted is None else wanted
        assert type(found) is cupy.ndarray
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found.get(), wanted)


# what CuPy does otherwise than NumPy


def test_reductions_give_arrays(cupy):
    a = cupy.ones((2, 3))
    for found in (a.sum(), a.max(), a.any(), cupy.count_nonzero(a), cupy.vdot(a, a), a.argmax(), a[1, 2]):
        assert type(found) is cupy.ndarray
        assert found.shape == ()


@pytest.mark.parametrize(
    "call", ["take(a, [0], mode='clip')", "sum(a, where=a > 0)", "max(a, initial=0)", "errstate()"]
)
def test_what_cupy_has_not_got(cupy, call):
    with pytest.raises((TypeError, AttributeError)):
        eval(f"cupy.{call}", {"cupy": cupy, "a": cupy.ones(3)})


def test_an_array_is_no_index(cupy):
    with pytest.raises(TypeError):
        range(cupy.asarray(3))


def test_places_out_of_range_wrap_around(cupy):
    a = cupy.arange(12.0).reshape(3, 4)
    far = cupy.asarray([4, -2, 2])
    np.testing.assert_array_equal(a[far].get(), a.get()[[1, 1, 2]])
    np.testing.assert_array_equal(cupy.take(a, far, axis=1).get(), a.get()[:, [0, 2, 2]])
    np.testing.assert_array_equal(a[cupy.arange(3), far].get(), a.get()[[0, 1, 2], [0, 2, 2]])
    a[cupy.asarray([5])] = -1
    np.testing.assert_array_equal(a[2].get(), -1)
    with pytest.raises(IndexError):
        a[5]


def test_a_place_may_not_be_assigned_to_twice(cupy):
    with pytest.raises(RuntimeError, match="undefined"):
        cupy.zeros(3)[cupy.asarray([1, 4])] = 7


def test_masks_of_one_axis(cupy):
    a, mask = cupy.arange(6.0).reshape(2, 3), np.array([True, False, True])
    np.testing.assert_array_equal(a[:, cupy.asarray(mask)].get(), a.get()[:, mask])
    a[:, cupy.asarray(mask)] = cupy.asarray([[7.0, 8.0], [9.0, 10.0]])
    np.testing.assert_array_equal(a.get(), [[7, 1, 8], [9, 4, 10]])


def test_views_are_of_the_same_memory(cupy):
    a = cupy.zeros((2, 3))
    a[1].reshape(3, 1)[0] = 5.0
    a.T[2, 0] = 6.0
    cupy.lib.stride_tricks.as_strided(a, (2, 2), (24, 8))[0, 1] = 7.0
    np.testing.assert_array_equal(a.get(), [[0, 7, 6], [5, 0, 0]])
    assert a[1].data.ptr == a.data.ptr + 24
    assert a.T.ravel().data.ptr != a.data.ptr  # which has to be copied


# memory


def test_fresh_memory_is_poisoned(cupy):
    assert np.isnan(cupy.empty(3, "float32").get()).all()
    assert (np.abs(cupy.empty(3, int).get()) > 10**6).all()
    assert cupy.empty_like(cupy.ones(3)).data.ptr % 512 == 0


def test_a_pool_hands_out_no_more_than_its_limit(cupy):
    pool = cupy.cuda.MemoryPool()
    pool.set_limit(size=2048)
    with cupy.cuda.using_allocator(pool.malloc):
        a = cupy.zeros(128)
        assert pool.used_bytes() == 1024
        with pytest.raises(cupy.cuda.memory.OutOfMemoryError, match=r"allocating 1,536 bytes .* limit set to: 2,048"):
            cupy.zeros(129)
        del a
        gc.collect()
        assert cupy.zeros(129).nbytes == 1032
    assert cupy.zeros(10**6).size == 10**6  # the default pool has no limit


def test_a_device_has_no_more_than_its_memory(cupy):
    standin.MACHINE.memory = 4096
    kept = cupy.zeros(256)
    assert cupy.cuda.runtime.memGetInfo() == (2048, 4096)
    with pytest.raises(MemoryError, match="Out of memory allocating 2,560 bytes"):
        cupy.zeros(257)
    with cupy.cuda.Device(1):
        assert cupy.zeros(257).device.id == 1
    del kept


def test_without_a_device_nothing_can_be_allocated(cupy):
    standin.MACHINE.available = False
    assert not cupy.cuda.is_available()
    assert cupy.cuda.runtime.driverGetVersion() == 0
    with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match="no CUDA-capable device is detected"):
        cupy.zeros(3)


def test_an_array_on_another_device_is_refused(cupy):
    with cupy.cuda.Device(1):
        far = cupy.ones(3)
    for use in (lambda: far + 1, lambda: cupy.ones(3) + far, lambda: far.sum(), lambda: cupy.add(1.0, 2.0, out=far)):
        with pytest.raises(
            ValueError, match=r"where the array resides \(1\) is different from the current device \(0\)"
        ):
            use()
    with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match="invalid device ordinal"):
        cupy.cuda.Device(2).use()


# streams and graphs


@pytest.fixture
def stream(cupy):
    """A stream that captures, with a pool of its own for what is allocated meanwhile."""
    stream, pool = cupy.cuda.Stream(non_blocking=True), cupy.cuda.MemoryPool()
    with stream, cupy.cuda.using_allocator(pool.malloc):
        stream.begin_capture()
        yield stream


@pytest.fixture
def a(cupy):
    return cupy.asarray(np.array([[3.0, 1.0], [2.0, 5.0]]))


def test_what_is_captured_runs_at_every_launch(cupy, a, stream):
    b, total = a * 2, cupy.empty(())
    b += 1
    cupy.sum(b, out=total)
    a[0] = total
    graph = stream.end_capture()
    assert a.tolist() == [[3, 1], [2, 5]]
    assert np.isnan(b.get()).all()
    graph.launch(stream)
    assert b.tolist() == [[7, 3], [5, 11]]
    assert a.tolist() == [[26, 26], [2, 5]]
    graph.launch()
    assert float(total) == 53 + 53 + 5 + 11


def test_views_are_made_at_once_even_while_a_stream_captures(cupy, a, stream):
    a[1].reshape(2, 1)[1, 0] = 9.0
    assert a.T.shape == (2, 2)
    stream.end_capture().launch()
    assert a.tolist() == [[3, 1], [2, 9]]


READS = [
    float,
    bool,
    str,
    lambda a: a.get(),
    lambda a: a.sum().item(),
    lambda a: a.tolist(),
    lambda a: f"{a[0, 0]:.3f}",
    lambda a: a[a > 1],
    lambda a: a.nonzero(),
]


@pytest.mark.parametrize("read", READS)
def test_nothing_is_read_while_a_stream_captures(a, stream, read):
    with pytest.raises(RuntimeError, match="the current stream is capturing"):
        read(a[:1, :1])
    stream.end_capture()
    read(a[:1, :1])


def test_nothing_is_brought_from_the_host_while_a_stream_captures(cupy, a, stream):
    indices = np.array([0, 1])
    for bring in (lambda: cupy.asarray(np.ones(2)), lambda: cupy.array([1.0]), lambda: a[indices], lambda: a[[0, 1]],
                  lambda: cupy.take(a, indices, axis=0)):  # fmt: skip
        with pytest.raises(RuntimeError, match="capturing, so H2D transfers are disallowed"):
            bring()


def test_other_calls_that_may_not_be_captured(cupy, a, stream):
    def assign():
        a[a > 1] = 0.0  # CuPy counts what it assigns to

    for call in (assign, lambda: cupy.where(a > 1), lambda: cupy.argwhere(a), lambda: cupy.sort(a),
                 lambda: cupy.partition(a, 1)):  # fmt: skip
        with pytest.raises(RuntimeError, match="the current stream is capturing"):
            call()
    for call in (lambda: a @ a, lambda: cupy.matmul(a, a), lambda: cupy.dot(a, a), lambda: cupy.tensordot(a, a),
                 lambda: cupy.linalg.svd(a)):  # fmt: skip
        with pytest.raises(NotImplementedError, match="capturing, so CuPy's calls of cu"):
            call()


def test_what_may_be_captured(cupy, a, stream):
    found = [
        cupy.where(a > 1, a, 0.0),
        cupy.vdot(a, a),
        cupy.take(a, cupy.arange(2)[::-1], axis=0),
        a[cupy.arange(2), cupy.zeros(2, int)],
        cupy.concatenate([a, cupy.ones((1, 2))]),
        cupy.clip(a, 1.5, 2.5).astype("float32"),
    ]
    cupy.copyto(a, 0.0, where=a > 2)
    stream.end_capture().launch()
    assert [x.tolist() for x in found] == [
        [[3, 0], [2, 5]], 39, [[2, 5], [3, 1]], [3, 2], [[3, 1], [2, 5], [1, 1]], [[2.5, 1.5], [2, 2.5]],
    ]  # fmt: skip
    assert a.tolist() == [[0, 1], [2, 0]]


def test_memory_of_the_default_pool_may_not_be_taken_while_a_stream_captures(cupy, a):
    with (stream := cupy.cuda.Stream()):
        stream.begin_capture()
        with pytest.raises(RuntimeError, match="would be handed out again"):
            a + 1


def test_a_graph_does_not_keep_the_memory_it_uses(cupy):
    with (stream := cupy.cuda.Stream()):
        a = cupy.zeros(3)
        stream.begin_capture()
        a += 1
        graph = stream.end_capture()
    graph.launch()
    del a
    gc.collect()
    with pytest.raises(RuntimeError, match="memory that has been given back"):
        graph.launch()


def test_a_pool_keeps_what_a_graph_allocated(cupy, a):
    stream, pool = cupy.cuda.Stream(), cupy.cuda.MemoryPool()
    with stream, cupy.cuda.using_allocator(pool.malloc):
        stream.begin_capture()
        a += a.sum()  # the sum is dropped at once
        graph = stream.end_capture()
    graph.launch()
    assert a.tolist() == [[14, 12], [13, 16]]
    del pool, stream
    gc.collect()
    with pytest.raises(RuntimeError, match="memory that has been given back"):
        graph.launch()


def test_waiting_ruins_a_recording(cupy, stream):
    with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match="StreamCaptureUnsupported"):
        stream.synchronize()
    with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match="StreamCaptureInvalidated"):
        stream.end_capture()


def test_only_a_stream_of_one_s_own_captures(cupy):
    with pytest.raises(RuntimeError, match="cannot capture on the default"):
        cupy.cuda.get_current_stream().begin_capture()


def test_another_stream_runs_while_one_captures(cupy, a, stream):
    with cupy.cuda.Stream():
        assert float(a.sum()) == 11


def test_work_of_others_is_recorded_too(cupy, a, stream):
    def kernel(x):
        x *= 10

    standin.record(kernel, a)
    graph = stream.end_capture()
    assert a.tolist() == [[3, 1], [2, 5]]
    graph.launch()
    assert a.tolist() == [[30, 10], [20, 50]]
    standin.record(kernel, a)  # nothing captures any more
    assert a.tolist() == [[300, 100], [200, 500]]
