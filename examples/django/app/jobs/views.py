from django.http import JsonResponse
from django.shortcuts import get_object_or_404

from . import queue
from .models import Job


def jobs(request):
    if request.method == "POST":
        made = Job.objects.create(text=request.POST["text"])
        queue.put(made)
        return JsonResponse({"id": made.pk}, status=201)
    return JsonResponse({"jobs": list(Job.objects.values("id", "text", "words"))})


def job(request, number):
    found = get_object_or_404(Job, pk=number)
    return JsonResponse({"id": found.pk, "text": found.text, "words": found.words})
