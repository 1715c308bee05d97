"""A fuzzer of minigrad: seeded inputs by grammars, each judged in a process that is watched.

``python -m tests.fuzz --count 3000 --seed 0`` runs it; input k of a seed is always the same, and
``--only K`` runs it alone. An input is a kind and a literal, so that what a failure prints can be
pasted into a test: ``judge("program", {...})``. It fails when

- an exception comes out that is not one of ``minigrad.errors``,
- it needs more than five seconds of the processor, or half a minute by the clock,
- it needs more than 1 GiB of memory,
- the process dies,
- of the kind "verdict", a right program at a hard point is called wrong, or a witness crashes on it
  (``--kinds verdict --count 20000``: a few hours on one core), or
- something is executed: what hostile names and files hold calls ``sys.audit``, and an audit hook
  hears that, and every process, socket and file written where none should be.
"""
