from django.db import models


class Job(models.Model):
    text = models.TextField()
    words = models.IntegerField(null=True)  # until the worker has counted them
