"""The queue between web and worker: a list in Redis with the numbers of jobs."""
import redis
from django.conf import settings

NAME = "jobs"


def connect():
    return redis.Redis.from_url(settings.REDIS_URL)


def put(job):
    connect().lpush(NAME, job.pk)


def numbers():
    """Yields the number of each job, once it is there."""
    connection = connect()
    while True:
        _, number = connection.brpop(NAME)
        yield int(number)
