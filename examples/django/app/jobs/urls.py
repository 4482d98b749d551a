from django.urls import path

from . import views

urlpatterns = [
    path("jobs/", views.jobs),
    path("jobs/<int:number>/", views.job),
]
