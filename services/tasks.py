"""Jobs of the services: reading and posting registers, by the worker."""

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from services.models import RegisterBatch
from services.registers import posting, reading

AGAIN = RetryStrategy(max_attempts=5, linear_wait=5)


@app.task(retry=AGAIN)
def read_register(batch: int) -> None:
    reading.read(RegisterBatch.objects.get(pk=batch))


@app.task(retry=AGAIN)
def post_register(batch: int) -> None:
    posting.post(RegisterBatch.objects.get(pk=batch))


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="take_up_stalled", pass_context=True)
async def take_up_stalled(context: JobContext, timestamp: int) -> None:
    """Jobs whose worker was killed start again; all of ours can be repeated."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        await manager.retry_job(job)
