"""Effects that are not TensorFlow's: plug-ins and Python functions, each in processes of its own.

Nothing here imports TensorFlow, which a worker process would have to load.
"""

from ddsp_tf.black_boxes.permission import allow_black_boxes, require_allowed
from ddsp_tf.black_boxes.worker_pool import Job, WorkerPool

__all__ = ["Job", "WorkerPool", "allow_black_boxes", "require_allowed"]
