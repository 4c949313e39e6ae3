"""
Plugins that only the conformance cases name: small types that fail, wait or give what a case needs.

Loaded as any plugin that the settings name: `RUNFOLD_PLUGINS=tests.doubles:DOUBLES`.
"""

from tests.doubles.flowables import FLOWABLE_DOUBLES
from tests.doubles.tasks import TASK_DOUBLES
from tests.doubles.triggers import TRIGGER_DOUBLES

DOUBLES = (*TASK_DOUBLES, *FLOWABLE_DOUBLES, *TRIGGER_DOUBLES)
