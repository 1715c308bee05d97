"""One module per contestant; each has ``build(workload, data) -> (step, gradients)``.

``step()`` is a whole training step. ``gradients()`` computes, without a step, the gradients of all
weights as arrays by name.
"""

# name -> (module, what it imports, how to install it)
CONTESTANTS = {
    "numpy": ("numpy_by_hand", "numpy", "pip install numpy"),
    "minigrad": ("minigrad_eager", "minigrad", "pip install -e ."),
    "compiled": ("minigrad_compiled", "minigrad", "pip install -e ."),
    "jax-source": ("minigrad_jax", "jax", "pip install jax"),
    "torch-source": ("minigrad_torch", "torch", "pip install torch"),
    "torch": ("torch_eager", "torch", "pip install torch"),
    "jax": ("jax_jit", "jax", "pip install jax"),
    "autograd": ("hips_autograd", "autograd", "pip install autograd"),
    "mygrad": ("mygrad_eager", "mygrad", "pip install mygrad"),
}

# What a contestant cannot take part in, and why.
LACKING = {("mygrad", "W8"): "MyGrad has no erf, which the exact GELU needs"}
