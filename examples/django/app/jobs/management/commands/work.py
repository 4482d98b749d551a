from django.core.management.base import BaseCommand

from jobs import queue
from jobs.models import Job


class Command(BaseCommand):
    help = "counts the words of each job"

    def handle(self, **options):
        for number in queue.numbers():
            job = Job.objects.get(pk=number)
            job.words = len(job.text.split())
            job.save()
            self.stdout.write(f"job {number}: {job.words} words")
